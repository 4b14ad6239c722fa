import type { BilledCharge, ChargeKind } from "../../core/billing.ts";
import { canonicalJson, sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { fromUsdRounded, toUsd, type UsdAmount } from "../../core/money.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import { namedAccounts, scopeOf } from "./accounts.ts";
import type { AzureManagement } from "./management.ts";
import { CostAnswer, CostRow } from "./wire.ts";

/** What the lines of one reading have in common. */
export interface ChargeContext {
  readonly orgId: Id<"org">;
  readonly origin: string;
}

interface Refused {
  readonly refused: string;
}

const what = "Azure's Cost Management";
const dayMs = 24 * 3_600_000;
/** The type of the resources that models run in, in lower case. */
export const accountType = "microsoft.cognitiveservices/accounts";

/** Azure keeps amounts as floating-point numbers: they are rounded to the pico-dollar. */
const usd = (amount: number | string): UsdAmount => toUsd(fromUsdRounded(String(amount)));

/** Units that are paid by the hour whether or not they are used: tokens moved off them save nothing until units are given back. */
const isCommitment = (meter: string): boolean => /provisioned|\bPTUs?\b/i.test(meter);

/** The last part of a resource's id: the account's own name. */
const nameOf = (resource: string): string => resource.slice(resource.lastIndexOf("/") + 1).slice(0, 256);

const charge = (
  line: { readonly day: string; readonly resource: string; readonly meter: string; readonly kind: ChargeKind; readonly amount: UsdAmount },
  { orgId, origin }: ChargeContext,
  place: string,
): BilledCharge => ({
  id: sha256(canonicalJson([line.resource.toLowerCase(), line.meter, line.kind, place])).slice(0, 40),
  orgId,
  source: "azure",
  origin,
  day: line.day,
  provider: "azure",
  account: nameOf(line.resource),
  model: "",
  lineItem: line.meter.slice(0, 256),
  kind: line.kind,
  amount: line.amount,
});

/** A row of the cost query as a line of the bill. What is not in USD is taken as Azure itself converted it. */
export function costCharge(row: CostRow, context: ChargeContext): BilledCharge {
  const date = `${row.UsageDate}`;
  const amount = usd(row.Currency === "USD" ? row.Cost : row.CostUSD);
  const kind = amount.startsWith("-") ? "credit" : isCommitment(row.Meter) ? "commitment" : "usage";
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return charge({ day, resource: row.ResourceId, meter: row.Meter, kind, amount }, context, row.Currency);
}

/** The cost of each meter of each account by day (Cost Management query, actual cost: what is invoiced). */
const queryOf = ({ from, to }: Period): string =>
  JSON.stringify({
    type: "ActualCost",
    timeframe: "Custom",
    timePeriod: { from: from.toISOString(), to: new Date(Math.ceil(to.getTime() / dayMs) * dayMs - 1_000).toISOString() },
    dataset: {
      granularity: "Daily",
      aggregation: { totalCost: { name: "Cost", function: "Sum" }, totalCostUSD: { name: "CostUSD", function: "Sum" } },
      grouping: [
        { type: "Dimension", name: "ResourceId" },
        { type: "Dimension", name: "Meter" },
      ],
      filter: { dimensions: { name: "ResourceType", operator: "In", values: [accountType] } },
    },
  });

const noRows = JSON.stringify({ properties: { nextLink: null, columns: [], rows: [] } });

function rowOf(columns: readonly { readonly name: string }[], cells: readonly unknown[]): CostRow {
  const parsed = CostRow.safeParse(Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]])));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "bad_input",
    `${what} gave an answer that is not as documented, at the column "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "unreadable"}. Nothing of it was stored; the format may have changed, so update Apex.`,
  );
}

/** The bill of a period, page by page. */
export async function* billed(
  azure: AzureManagement,
  context: SourceContext,
  period: Period,
  signal: AbortSignal,
): AsyncGenerator<readonly BilledCharge[], void, undefined> {
  const named = namedAccounts(context);
  const lines = { orgId: context.orgId, origin: context.connection };
  const query = { body: queryOf(period), what, whenEmpty: noRows };
  let path: string | null | undefined = `${scopeOf(context)}/providers/Microsoft.CostManagement/query?api-version=2023-11-01`;
  while (path !== null && path !== undefined && path !== "") {
    const { properties }: { properties: { nextLink?: string | null | undefined; columns: { name: string }[]; rows: unknown[][] } } =
      await azure.post(path, query, CostAnswer, signal);
    const rows = properties.rows.map((cells) => rowOf(properties.columns, cells));
    yield rows
      .filter(({ ResourceId }) => named.length === 0 || named.includes(ResourceId.toLowerCase()))
      .map((row) => costCharge(row, lines));
    path = properties.nextLink;
  }
}

const kinds: Readonly<Record<string, ChargeKind>> = {
  usage: "usage",
  purchase: "commitment",
  refund: "credit",
  tax: "tax",
  adjustment: "adjustment",
  roundingadjustment: "adjustment",
  unusedreservation: "commitment",
  unusedsavingsplan: "commitment",
};

/** The day that a cost export writes as 2026-11-01 or, for Microsoft Customer Agreements, as 11/01/2026; undefined where it is none. */
export function exportDay(text: string): string | undefined {
  const [, month, day, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text) ?? [];
  const iso = month === undefined ? text.slice(0, 10) : `${year}-${month}-${day}`;
  const at = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : undefined;
}

/** What a row of a cost export cost in USD; a reason where it says so in no column. */
function exportAmount(cell: (...names: readonly string[]) => string): string | Refused {
  const inUsd = cell("costinusd");
  if (inUsd !== "") return inUsd;
  const currency = cell("billingcurrency", "billingcurrencycode", "currency");
  const amount = cell("costinbillingcurrency", "cost", "pretaxcost");
  if (amount === "") return { refused: "cost: it is missing" };
  return currency === "USD"
    ? amount
    : { refused: `cost: it is in ${currency === "" ? "an unnamed currency" : currency}, and costInUsd is missing` };
}

/**
 * A row of a cost export (CSV, actual cost) as a line of the bill, or why it is none. Names of columns differ by the kind of
 * agreement, and are taken in any case. `place` is the row's own, such as its line number.
 */
export function exportCharge(
  record: Readonly<Record<string, string>>,
  context: ChargeContext & { readonly place: string },
): BilledCharge | Refused {
  const cells = new Map(Object.entries(record).map(([name, value]) => [name.replaceAll(/[^a-z]/gi, "").toLowerCase(), value.trim()]));
  const cell = (...names: readonly string[]): string => names.map((name) => cells.get(name) ?? "").find((value) => value !== "") ?? "";
  const resource = cell("resourceid", "instanceid");
  if (!resource.toLowerCase().includes(`/providers/${accountType}/`)) return { refused: "resourceId: it is no account that models run in" };
  const day = exportDay(cell("date", "usagedate", "usagedatetime"));
  if (day === undefined) return { refused: "date: it is missing or no day" };
  const written = exportAmount(cell);
  if (typeof written !== "string") return written;
  const said = cell("chargetype").toLowerCase();
  const kind = said === "" ? "usage" : Object.hasOwn(kinds, said) ? kinds[said] : undefined;
  if (kind === undefined) return { refused: "chargeType: it is not known" };
  const meter = cell("metername", "meter") || cell("metersubcategory");
  let amount: UsdAmount;
  try {
    amount = usd(written);
  } catch {
    return { refused: "cost: it is not an amount" };
  }
  const real = kind === "usage" && isCommitment(meter) ? "commitment" : kind;
  return charge({ day, resource, meter, kind: real, amount }, context, `${day} ${context.place}`);
}
