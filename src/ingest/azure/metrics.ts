import { AppError } from "../../core/errors.ts";
import type { Period } from "../../core/usage-store.ts";
import type { AzureManagement } from "./management.ts";
import { MetricsAnswer } from "./wire.ts";

/** A metric's sum over one UTC hour, for one combination of dimensions. */
export interface MetricHour {
  readonly metric: string;
  readonly hour: Date;
  readonly deployment: string;
  readonly version: string;
  /** Only the count of requests is told apart by model and by status. */
  readonly model: string;
  readonly status: string;
  readonly total: number;
}

/** Azure Monitor gives at most so many series, and says nothing where there are more. */
const mostSeries = 2_000;
const what = "Azure Monitor's metrics";

/** Metrics and what each can be split by: the token metrics know deployment and version, and no model name (Azure, supported metrics). */
const queries = [
  { names: ["ProcessedPromptTokens", "GeneratedTokens"], dimensions: ["ModelDeploymentName", "ModelVersion"] },
  { names: ["AzureOpenAIRequests"], dimensions: ["ModelDeploymentName", "ModelName", "ModelVersion", "StatusCode"] },
] as const;

function hoursOf(answer: MetricsAnswer, asked: readonly string[]): readonly MetricHour[] {
  const lost = asked.find((metric) => !answer.value.some(({ name }) => name.value === metric));
  if (lost !== undefined)
    throw new AppError(
      "bad_input",
      `${what} gave an answer that is not as documented: the metric "${lost}" is missing. Nothing of it was stored.`,
    );
  return answer.value.flatMap(({ name, timeseries }) => {
    if (timeseries.length >= mostSeries)
      throw new AppError(
        "bad_input",
        `${what} has ${mostSeries} series of ${name.value} or more in one account: some may be missing. Connect fewer accounts or split the deployments.`,
      );
    return timeseries.flatMap(({ metadatavalues, data }) => {
      // Azure writes the names of dimensions in lower case here, whatever the query said.
      const dimensions = new Map(metadatavalues.map((dimension) => [dimension.name.value.toLowerCase(), dimension.value]));
      const of = (dimension: string): string => dimensions.get(dimension) ?? "";
      return data.flatMap(({ timeStamp, total }) =>
        total === undefined || total === null || total === 0
          ? []
          : [
              {
                metric: name.value,
                hour: new Date(timeStamp),
                deployment: of("modeldeploymentname"),
                version: of("modelversion"),
                model: of("modelname"),
                status: of("statuscode"),
                total,
              },
            ],
      );
    });
  });
}

/** Tokens and requests of an account by hour and deployment. */
export async function metricHours(
  azure: AzureManagement,
  account: string,
  period: Period,
  signal: AbortSignal,
): Promise<readonly MetricHour[]> {
  const hours: MetricHour[] = [];
  for (const { names, dimensions } of queries) {
    const query = new URLSearchParams({
      "api-version": "2023-10-01",
      metricnamespace: "Microsoft.CognitiveServices/accounts",
      metricnames: names.join(","),
      timespan: `${period.from.toISOString()}/${period.to.toISOString()}`,
      interval: "PT1H",
      aggregation: "Total",
      top: `${mostSeries}`,
      $filter: dimensions.map((dimension) => `${dimension} eq '*'`).join(" and "),
    });
    const path = `${account}/providers/microsoft.insights/metrics?${query.toString()}`;
    hours.push(...hoursOf(await azure.get(path, what, MetricsAnswer, signal), names));
  }
  return hours.filter(({ hour }) => hour >= period.from && hour < period.to);
}
