import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

export const tenantId = "11111111-2222-3333-4444-555555555555";
export const clientId = "66666666-7777-8888-9999-000000000000";
export const clientSecret = "q~8Q~the.secret.of.the.app";
export const subscriptionId = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
export const now = new Date("2026-11-03T12:30:00Z");
const token = "eyJ.granted-for-an-hour";

export const accountId = (name: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/${name}`;

/** A value of a metric at an hour, under its dimensions. */
export interface Sample {
  readonly metric: string;
  readonly at: string;
  readonly total: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface AzureFacts {
  readonly accounts: readonly {
    readonly name: string;
    readonly kind: string;
    readonly deployments: readonly object[];
    readonly samples: readonly Sample[];
  }[];
  readonly costs: readonly (readonly [cost: number, costUsd: number, day: number, resource: string, meter: string, currency: string])[];
}

export const deployment = (name: string, model: string, version: string, sku: string) => ({
  name,
  sku: { name: sku, capacity: 10 },
  properties: { model: { format: "OpenAI", name: model, version }, provisioningState: "Succeeded" },
});

/** Samples of one deployment at one hour. */
export const traffic = (
  name: string,
  model: string,
  version: string,
  at: string,
  counts: { readonly prompt?: number; readonly generated?: number; readonly ok?: number; readonly throttled?: number },
): readonly Sample[] => {
  const tokens = { ModelDeploymentName: name, ModelVersion: version };
  const requests = { ...tokens, ModelName: model };
  return [
    { metric: "ProcessedPromptTokens", at, total: counts.prompt ?? 0, dimensions: tokens },
    { metric: "GeneratedTokens", at, total: counts.generated ?? 0, dimensions: tokens },
    { metric: "AzureOpenAIRequests", at, total: counts.ok ?? 0, dimensions: { ...requests, StatusCode: "200" } },
    { metric: "AzureOpenAIRequests", at, total: counts.throttled ?? 0, dimensions: { ...requests, StatusCode: "429" } },
  ];
};

function signIn({ url, body, headers }: ApiRequest): ApiAnswer {
  const form = new URLSearchParams(body);
  const right =
    url.pathname === `/${tenantId}/oauth2/v2.0/token` &&
    form.get("grant_type") === "client_credentials" &&
    form.get("client_id") === clientId &&
    form.get("client_secret") === clientSecret &&
    form.get("scope") === `http://${headers.host}/.default`;
  return right
    ? { body: { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: token } }
    : { status: 401, body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." } };
}

/** Azure Monitor: one series per combination of the dimensions that the filter names, which each metric must know. */
function metrics(samples: readonly Sample[], url: URL): ApiAnswer {
  const known: Readonly<Record<string, readonly string[]>> = {
    ProcessedPromptTokens: ["ApiName", "ModelDeploymentName", "FeatureName", "UsageChannel", "Region", "ModelVersion"],
    GeneratedTokens: ["ApiName", "ModelDeploymentName", "FeatureName", "UsageChannel", "Region", "ModelVersion"],
    AzureOpenAIRequests: [
      "ApiName",
      "OperationName",
      "Region",
      "StreamType",
      "ModelDeploymentName",
      "ModelName",
      "ModelVersion",
      "StatusCode",
    ],
  };
  const asked = [...(url.searchParams.get("$filter") ?? "").matchAll(/(\w+) eq '\*'/g)].map(([, name = ""]) => name);
  const names = (url.searchParams.get("metricnames") ?? "").split(",");
  const wrong = names.some((name) => asked.some((dimension) => known[name]?.includes(dimension) !== true));
  if (wrong || url.searchParams.get("interval") !== "PT1H" || url.searchParams.get("aggregation") !== "Total")
    return { status: 400, body: { code: "BadRequest", message: "Metric does not support the dimension." } };
  const [from = "", to = ""] = (url.searchParams.get("timespan") ?? "").split("/");
  return {
    body: {
      cost: 59,
      timespan: `${from}/${to}`,
      interval: "PT1H",
      namespace: "Microsoft.CognitiveServices/accounts",
      value: names.map((name) => {
        const series = new Map<string, { readonly metadatavalues: object[]; readonly data: object[] }>();
        for (const { at, total, dimensions } of samples.filter(({ metric }) => metric === name)) {
          if (Date.parse(at) < Date.parse(from) || Date.parse(at) >= Date.parse(to)) continue;
          const key = asked.map((dimension) => dimensions[dimension]).join("|");
          const metadatavalues = asked.map((dimension) => ({
            name: { value: dimension.toLowerCase(), localizedValue: dimension.toLowerCase() },
            value: dimensions[dimension],
          }));
          const one = series.get(key) ?? { metadatavalues, data: [{ timeStamp: from }] };
          one.data.push({ timeStamp: at, total });
          series.set(key, one);
        }
        return {
          id: `x/${name}`,
          type: "Microsoft.Insights/metrics",
          name: { value: name, localizedValue: name },
          unit: "Count",
          errorCode: "Success",
          timeseries: [...series.values()],
        };
      }),
    },
  };
}

function costs(facts: AzureFacts, { url, body, headers }: ApiRequest): ApiAnswer {
  const right = ["ActualCost", "Daily", "ResourceId", "Meter", "microsoft.cognitiveservices/accounts"].every((word) =>
    body.includes(`"${word}"`),
  );
  if (!right) return { status: 400, body: { error: { code: "BadRequest" } } };
  if (facts.costs.length === 0) return { status: 200, body: "" };
  const from = Number(url.searchParams.get("$skiptoken") ?? 0);
  const more = from + 2 < facts.costs.length;
  const next = `http://${headers.host}${url.pathname}?api-version=2023-11-01&$skiptoken=${from + 2}`;
  return {
    body: {
      id: "q",
      name: "q",
      type: "Microsoft.CostManagement/query",
      properties: {
        nextLink: more ? next : null,
        columns: ["Cost", "CostUSD", "UsageDate", "ResourceId", "Meter", "Currency"].map((name) => ({ name, type: "String" })),
        rows: facts.costs.slice(from, from + 2),
      },
    },
  };
}

/** Accounts come one a page. */
function accounts(facts: AzureFacts, { url, headers }: ApiRequest): ApiAnswer {
  const from = Number(url.searchParams.get("$skiptoken") ?? 0);
  const next = `http://${headers.host}${url.pathname}?api-version=2024-10-01&$skiptoken=${from + 1}`;
  return {
    body: {
      value: facts.accounts.slice(from, from + 1).map(({ name, kind }) => ({
        id: accountId(name),
        name,
        kind,
        location: "swedencentral",
        type: "Microsoft.CognitiveServices/accounts",
      })),
      ...(from + 1 < facts.accounts.length ? { nextLink: next } : {}),
    },
  };
}

/** A stand-in of Microsoft's identity platform and of Azure Resource Manager, ours, after Microsoft's REST reference. */
export const azureStandIn =
  (facts: AzureFacts) =>
  (request: ApiRequest): ApiAnswer => {
    const { method, url, headers } = request;
    if (url.pathname.endsWith("/oauth2/v2.0/token")) return signIn(request);
    if (headers.authorization !== `Bearer ${token}`) return { status: 401, body: { error: { code: "AuthenticationFailed" } } };
    const subscription = `/subscriptions/${subscriptionId}`;
    if (url.pathname === subscription) return { body: { id: subscription, subscriptionId, displayName: "Production", state: "Enabled" } };
    for (const scope of [subscription, `${subscription}/resourceGroups/ai`]) {
      if (url.pathname === `${scope}/providers/Microsoft.CognitiveServices/accounts`) return accounts(facts, request);
      if (method === "POST" && url.pathname === `${scope}/providers/Microsoft.CostManagement/query`) return costs(facts, request);
    }
    for (const { name, deployments, samples } of facts.accounts) {
      if (url.pathname === `${accountId(name)}/deployments`) return { body: { value: deployments } };
      if (url.pathname === `${accountId(name)}/providers/microsoft.insights/metrics`) return metrics(samples, url);
    }
    return { status: 404, body: { error: { code: "ResourceNotFound" } } };
  };
