import { AppError } from "../../core/errors.ts";
import { eventIdPrefix, type Pulled, type RemoteSource, type SourceCheck, type SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import type { ApiClient } from "../api-client.ts";
import { accountsOf, namedAccounts } from "./accounts.ts";
import { billed } from "./charges.ts";
import { type AzureManagement, createAzureManagement } from "./management.ts";
import { metricHours } from "./metrics.ts";
import { azureEvents, deploymentModels, type MetricContext } from "./usage.ts";
import { Subscription } from "./wire.ts";

const settings = {
  tenantId: { secret: false, hint: "The id of the Entra tenant (directory) that the app registration is in." },
  clientId: { secret: false, hint: "The app registration's application (client) id." },
  clientSecret: { secret: true, hint: "A client secret of that app, best given as clientSecret=@secret.txt." },
  subscriptionId: { secret: false, hint: "The id of the subscription that the models are deployed in." },
  resourceGroup: { secret: false, hint: "One resource group, where not the whole subscription is read.", fallback: "" },
  resourceIds: { secret: false, hint: "The ids of single accounts, with commas between, where not all are read.", fallback: "" },
  deployments: {
    secret: false,
    hint: "What deployments run where Azure does not say or you know better: deployment=model, with commas between.",
    fallback: "",
  },
  cachedTokens: {
    secret: false,
    hint: 'Write "none" where you know that no prompt is cached; otherwise what Azure meters has no exact price.',
    fallback: "unknown",
  },
  loginUrl: { secret: false, hint: "The address of Microsoft's identity platform.", fallback: "https://login.microsoftonline.com" },
  managementUrl: { secret: false, hint: "The address of Azure Resource Manager.", fallback: "https://management.azure.com" },
} as const;

const dayMs = 24 * 3_600_000;

function metricContextOf({ orgId, connection, settings }: SourceContext): MetricContext {
  const { cachedTokens = "unknown", deployments = "" } = settings;
  if (cachedTokens !== "unknown" && cachedTokens !== "none")
    throw new AppError("bad_input", 'The setting cachedTokens is either "unknown" or "none".');
  return { orgId, idPrefix: eventIdPrefix(connection), models: deploymentModels(deployments), cachedTokens };
}

/** What is read, as people name it. A role on a resource group alone may not read the subscription's name. */
async function scopeName(azure: AzureManagement, { settings }: SourceContext, signal: AbortSignal): Promise<string> {
  const { subscriptionId = "", resourceGroup = "" } = settings;
  if (resourceGroup !== "") return `resource group ${resourceGroup} of subscription ${subscriptionId}`;
  const path = `/subscriptions/${encodeURIComponent(subscriptionId)}?api-version=2022-12-01`;
  const { displayName } = await azure.get(path, "Azure's subscription", Subscription, signal);
  return `subscription ${displayName} (${subscriptionId})`;
}

/** Tries everything that a reading needs, so that each missing role is named before the first one. */
async function check(azure: AzureManagement, context: SourceContext, signal: AbortSignal): Promise<SourceCheck> {
  const { cachedTokens } = metricContextOf(context);
  const accounts = await accountsOf(azure, context, signal);
  const to = context.now();
  const period = { from: new Date(Math.floor(to.getTime() / dayMs) * dayMs), to };
  const [first] = accounts;
  if (first !== undefined) await metricHours(azure, first.id, period, signal);
  for await (const page of billed(azure, context, period, signal)) if (page.length > 0) break;
  const lacking = namedAccounts(context).filter((id) => !accounts.some((account) => account.id.toLowerCase() === id));
  const names = accounts.map(({ name }) => name).join(", ");
  return {
    account: `${await scopeName(azure, context, signal)}${names === "" ? "" : `: ${names}`}`,
    notes: [
      ...(accounts.length === 0 ? ["No account with models was found in it: check resourceGroup and resourceIds."] : []),
      ...lacking.map((id) => `The account ${id} was not found.`),
      cachedTokens === "none"
        ? "You say that no prompt is cached: all prompt tokens are priced as uncached."
        : "Azure does not say how many prompt tokens were read from the cache, so metered tokens have no price here; the bill is exact.",
      "Metrics know deployments and no users, and no models but OpenAI's; what others cost stands in the bill.",
      "Provisioned units are billed by the hour: moving tokens off them saves nothing until units are given back.",
      "Azure settles costs over about three days and keeps metrics for 93.",
    ],
  };
}

/** Azure: tokens by hour and deployment from Azure Monitor, and the bill from Cost Management. */
export function createAzureSource(api: ApiClient): RemoteSource {
  const open = createAzureManagement(api);

  async function* pull(context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled, void, undefined> {
    const metered = metricContextOf(context);
    const azure = open(context);
    for (const account of await accountsOf(azure, context, signal)) {
      const { events, refused } = azureEvents(account, await metricHours(azure, account.id, period, signal), metered);
      for (const { what, reason } of refused) yield { type: "refused", what: `${account.name}: ${what}`, reason };
      yield { type: "usage", events };
    }
    for await (const charges of billed(azure, context, period, signal)) yield { type: "charges", charges };
  }

  return {
    source: "azure",
    title: "Azure OpenAI",
    guide: "docs/sources/azure.md",
    settings,
    grain: "hour",
    keeps: "latest",
    trailingDays: 5,
    chunkDays: 7,
    backfillDays: 92,
    test: async (context, signal) => check(open(context), context, signal),
    pull,
  };
}
