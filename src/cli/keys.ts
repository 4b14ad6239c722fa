import { plain } from "../../adapters/draw-text.ts";
import type { GatewayKey } from "../core/gateway-config.ts";
import { budgetText, budgetWindowAt, type KeySpend, noSpend } from "../core/key-limits.ts";
import { showUsd } from "../core/money.ts";
import { readKeySpend } from "../flows/key-spend.ts";
import { type Command, type CommandContext, exitCode } from "./command.ts";

/** What a key is held to, in words: "$50.00 a month, 600 requests and 100000 tokens a minute". */
export function limitsText({ limits }: Pick<GatewayKey, "limits">): string {
  const { budget, requestsPerMinute, tokensPerMinute } = limits ?? {};
  const rates = [
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} requests`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tokens`]),
  ];
  const parts = [...(budget === undefined ? [] : [budgetText(budget)]), ...(rates.length === 0 ? [] : [`${rates.join(" and ")} a minute`])];
  return parts.length === 0 ? "no limits" : parts.join(", ");
}

const unknownText = ({ unpricedRequests: count }: KeySpend): string =>
  count === 0 ? "" : ` and ${count} ${count === 1 ? "request" : "requests"} of unknown cost`;

/** How a key's budget stands: nothing where it has none. */
async function standing({ app, org, asOf }: CommandContext, { limits, label }: GatewayKey): Promise<string> {
  if (limits?.budget === undefined) return "";
  const window = budgetWindowAt(limits.budget.per, asOf);
  const spent = (await readKeySpend(app.spending.readers.usage)(org.id, window)).get(label) ?? noSpend;
  return `; ${showUsd(spent.cost)} spent${unknownText(spent)} since ${window.from.toISOString().slice(0, 10)}, anew on ${window.to.toISOString().slice(0, 10)} (UTC)`;
}

async function describe(context: CommandContext, key: GatewayKey): Promise<string> {
  const { id, label, workload, team, project, purpose } = key;
  const named = Object.entries({ workload, team, project }).filter(([, value]) => value !== "");
  const words = named.map(([name, value]) => `${name} ${value}`).join(", ");
  const held = purpose === "ingest" ? "only sends usage" : `${limitsText(key)}${await standing(context, key)}`;
  return `${id}  ${label}${words === "" ? "" : `  (${words})`}\n  ${held}\n`;
}

export const keys: Command = {
  usage: "keys",
  summary: "Shows the keys in use with what they are held to and what they have spent of their budgets; never the keys themselves.",
  options: {},
  wordless: true,
  async run(context) {
    const { app, org, output } = context;
    const inUse = await app.stores.gateway.keys(org.id);
    for (const key of inUse) output.out(plain(await describe(context, key)));
    if (inUse.length === 0) output.out("No key is in use. `apex key LABEL --workload NAME` makes one.\n");
    return exitCode.ok;
  },
};
