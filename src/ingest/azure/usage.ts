import { canonicalJson, sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { noTokens } from "../../core/tokens.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import type { Account, Deployment } from "./accounts.ts";
import type { MetricHour } from "./metrics.ts";

/** What the events of one reading have in common. */
export interface MetricContext {
  readonly orgId: Id<"org">;
  readonly idPrefix: string;
  /** The model behind a deployment, as an admin says. */
  readonly models: ReadonlyMap<string, string>;
  /** "none": an admin vouches that no prompt is cached. "unknown": some may be, and Azure does not say how many. */
  readonly cachedTokens: "unknown" | "none";
}

/** Reads the setting `deployments`: `deployment=model`, with commas between. An AppError where a part is none. */
export function deploymentModels(setting: string): ReadonlyMap<string, string> {
  const models = new Map<string, string>();
  for (const part of setting.split(",").map((word) => word.trim())) {
    if (part === "") continue;
    const [deployment = "", model = "", ...rest] = part.split("=").map((word) => word.trim());
    if (deployment === "" || model === "" || rest.length > 0)
      throw new AppError(
        "bad_input",
        "The setting deployments is not a list of deployment=model with commas between, such as chat-prod=gpt-4o-2024-08-06.",
      );
    models.set(deployment, model);
  }
  return models;
}

/** One deployment and version in one hour. */
interface Cell {
  readonly hour: Date;
  readonly deployment: string;
  readonly version: string;
  prompt: number;
  generated: number;
  answered: number;
  failed: number;
}

function cellsOf(hours: readonly MetricHour[]): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const { metric, hour, deployment, version, status, total } of hours) {
    const key = canonicalJson([hour.getTime(), deployment, version]);
    const cell = cells.get(key) ?? { hour, deployment, version, prompt: 0, generated: 0, answered: 0, failed: 0 };
    cells.set(key, cell);
    if (metric === "ProcessedPromptTokens") cell.prompt += total;
    else if (metric === "GeneratedTokens") cell.generated += total;
    else if (/^2|^success/i.test(status)) cell.answered += total;
    else cell.failed += total;
  }
  return [...cells.values()];
}

/**
 * Model and version as the model's own answers name it: gpt-4o of 2024-08-06 is gpt-4o-2024-08-06. A version that is no date
 * ("1" of an embedding model) stands in no answer.
 */
const fullName = (model: string, version: string | undefined): string =>
  version === undefined || !/\d{4}/.test(version) || model.endsWith(version) ? model : `${model}-${version}`;

/** The one model that the requests of a deployment and version named; undefined where they named none, or several. */
function servedModel(hours: readonly MetricHour[], { deployment, version }: Cell): string | undefined {
  const names = new Set(
    hours.filter((each) => each.model !== "" && each.deployment === deployment && each.version === version).map(({ model }) => model),
  );
  const [only] = names;
  return names.size === 1 ? only : undefined;
}

function modelOf(cell: Cell, hours: readonly MetricHour[], now: Deployment | undefined, context: MetricContext): string {
  const given = context.models.get(cell.deployment);
  if (given !== undefined) return given;
  const served = servedModel(hours, cell);
  if (served !== undefined) return fullName(served, cell.version);
  const runsIt = now?.model !== undefined && (cell.version === "" || cell.version === now.version);
  return runsIt ? fullName(now.model ?? "", now.version) : cell.deployment;
}

/** Embedding models read no prompt from a cache. */
const neverCaches = (model: string): boolean => model.startsWith("text-embedding-");

/** Where a deployment of this kind may be served: anywhere, in its data zone, or in the account's own region. */
function regionOf(sku: string, location: string): string {
  if (sku.startsWith("Global")) return "global";
  return sku.startsWith("DataZone") ? "datazone" : location;
}

/** Provisioned units are paid by the hour, not by the token: no price in the book fits such a name. */
const pricedAs = (model: string, sku: string): string => (sku.includes("Provisioned") ? `${model} (provisioned)` : model);

/** What all events of a cell have in common. */
function baseOf(account: Account, cell: Cell, model: string, { orgId, idPrefix }: MetricContext, outcome: string): UsageEvent {
  const { deployment, version, hour } = cell;
  const sku = account.deployments.get(deployment)?.sku ?? "";
  return {
    ...unsaid,
    id: `${idPrefix}${sha256(canonicalJson([account.id.toLowerCase(), deployment, version, hour.getTime(), outcome])).slice(0, 40)}`,
    orgId,
    source: "azure",
    at: hour,
    provider: "azure",
    requestedModel: deployment.slice(0, 256),
    model: pricedAs(model, sku).slice(0, 256) || "unknown",
    tier: sku.includes("Batch") ? "batch" : "standard",
    region: regionOf(sku, account.location),
    workload: deployment.slice(0, 256),
    tokens: noTokens,
  };
}

/** The usage events of an account from its metrics, one for each hour, deployment and outcome, and what could not be read. */
export function azureEvents(
  account: Account,
  hours: readonly MetricHour[],
  context: MetricContext,
): { readonly events: readonly UsageEvent[]; readonly refused: readonly { readonly what: string; readonly reason: string }[] } {
  const events: UsageEvent[] = [];
  const refused: { what: string; reason: string }[] = [];
  for (const cell of cellsOf(hours)) {
    const { prompt, generated, answered, failed, deployment, hour } = cell;
    if (![prompt, generated, answered, failed].every((count) => Number.isSafeInteger(count))) {
      refused.push({ what: `${deployment} at ${hour.toISOString()}`, reason: "a count of tokens or requests is not a whole number" });
      continue;
    }
    const model = modelOf(cell, hours, account.deployments.get(deployment), context);
    if (prompt + generated + answered > 0) {
      const unknown = context.cachedTokens === "unknown" && prompt > 0 && !neverCaches(model);
      events.push({
        ...baseOf(account, cell, model, context, "ok"),
        // Tokens without a request belong to one that was counted in the hour before.
        requests: Math.max(1, answered),
        tokens: { ...noTokens, input: prompt, output: generated },
        ...(unknown ? { unmetered: true } : {}),
      });
    }
    if (failed > 0) events.push({ ...baseOf(account, cell, model, context, "error"), requests: failed, status: "error" });
  }
  return { events, refused };
}
