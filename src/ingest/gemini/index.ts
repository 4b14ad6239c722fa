import type { BilledCharge } from "../../core/billing.ts";
import type { Pulled, RemoteSource, SourceCheck, SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import type { ApiClient } from "../api-client.ts";
import { createGoogleTokens } from "./access-token.ts";
import { exportTableOf, queryBilling, tryQuery } from "./billing-query.ts";
import { type ChargeContext, chargeOf } from "./charges.ts";
import type { BillingRow } from "./wire.ts";

const settings = {
  serviceAccount: {
    secret: true,
    hint: "The JSON key of a service account that may read the billing export, best given as serviceAccount=@key.json.",
  },
  table: { secret: false, hint: "The export's table, PROJECT.DATASET.gcp_billing_export_v1_…, as BigQuery shows it." },
  services: {
    secret: false,
    hint: "The services to read, by the names that the bill gives them, with commas between.",
    fallback: "Gemini API,Vertex AI",
  },
  tokenUrl: { secret: false, hint: "Google's OAuth token endpoint.", fallback: "https://oauth2.googleapis.com/token" },
  baseUrl: { secret: false, hint: "The address of BigQuery's API.", fallback: "https://bigquery.googleapis.com" },
} as const;

const dayMs = 24 * 3_600_000;

/** The charges of a page, also where there are none, and the lines that give none. */
function* pulledFrom(rows: readonly BillingRow[], context: ChargeContext): Generator<Pulled, void, undefined> {
  const charges: BilledCharge[] = [];
  for (const row of rows) {
    const charge = chargeOf(row, context);
    if ("refused" in charge) yield { type: "refused", what: `${row.day} ${row.sku}`, reason: charge.refused };
    else charges.push(charge);
  }
  yield { type: "charges", charges };
}

/** Google Cloud: what Gemini and Vertex AI cost, read from the Cloud Billing export in BigQuery. */
export function createGeminiSource(api: ApiClient): RemoteSource {
  const tokens = createGoogleTokens(api);

  async function test(context: SourceContext, signal: AbortSignal): Promise<SourceCheck> {
    const { project, dataset, account } = exportTableOf(context);
    const to = context.now();
    const bytes = await tryQuery(api, context, await tokens(context, signal), { from: new Date(to.getTime() - dayMs), to }, signal);
    return {
      account: `billing account ${account} (export in ${project}.${dataset})`,
      notes: [
        "Google gives bills here and no usage: tokens come from responses, OpenTelemetry or the gateway.",
        "The bill's lines name SKUs, not models; its hours are UTC here, while Google closes an invoice's months in Pacific time.",
        `Lines are by day and settle late: the last days are read again each time. Reading one day scans about ${bytes} bytes in BigQuery.`,
      ],
    };
  }

  async function* pull(context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled, void, undefined> {
    const lines = { orgId: context.orgId, origin: context.connection };
    for await (const rows of queryBilling(api, context, () => tokens(context, signal), period, signal)) {
      yield* pulledFrom(rows, lines);
    }
  }

  return {
    source: "gemini",
    title: "Google Cloud (Gemini and Vertex AI)",
    guide: "docs/sources/gemini.md",
    settings,
    grain: "day",
    keeps: "latest",
    trailingDays: 7,
    chunkDays: 30,
    backfillDays: 1_825,
    test,
    pull,
  };
}
