import { type BudgetScope, type BudgetStore, scopeText } from "../core/budget.ts";
import { AppError } from "../core/errors.ts";
import { fromUsd, type PicoUsd, showUsd } from "../core/money.ts";
import type { UsageReader } from "../core/usage-store.ts";
import { noticePlace, type PlaceDeps, placeText } from "./notice-place.ts";
import { managerOf, type SettingRequest } from "./set-digest.ts";

export interface SetBudgetDeps extends PlaceDeps {
  readonly budgets: Pick<BudgetStore, "set" | "remove">;
  readonly usage: Pick<UsageReader, "coverage">;
}

/** The longest name of a workload or team, in characters. */
export const longestName = 200;

/** Reads an amount of dollars above 0, with cents or without. */
export function readAmount(text: string): PicoUsd {
  const amount = text
    .trim()
    .replace(/^\$/, "")
    .replace(/ ?usd$/i, "")
    .replaceAll(/,(?=\d{3}(?:\D|$))/g, "");
  const read = /^\d{1,12}(?:\.\d{1,2})?$/.test(amount) ? fromUsd(amount) : 0n;
  if (read > 0n) return read;
  throw new AppError("bad_input", `"${text.slice(0, 40)}" is no amount. Say what may be spent in a month in USD, such as 5000 or 129.50.`);
}

/** Reads whose spend a budget is for. */
export function readScope({ scope = "org", name = "" }: SettingRequest["values"]): BudgetScope {
  if (scope === "org") return { kind: "org" };
  if (scope !== "workload" && scope !== "team") {
    throw new AppError("bad_input", `A budget is for everything, a workload or a team, and "${scope.slice(0, 40)}" is none of these.`);
  }
  if (name.trim() === "" || name.length > longestName) throw new AppError("bad_input", `Name the ${scope} that the budget is for.`);
  return { kind: scope, name: name.trim() };
}

/** A scope by the name that usage knows it under, whatever its case; an AppError "bad_input" for one without any usage. */
async function knownScope({ usage }: SetBudgetDeps, { orgId }: SettingRequest, scope: BudgetScope): Promise<BudgetScope> {
  if (scope.kind === "org") return scope;
  const { workloads, teams } = await usage.coverage(orgId);
  const names = scope.kind === "workload" ? workloads : teams;
  const name = names.find((one) => one === scope.name) ?? names.find((one) => one.toLowerCase() === scope.name.toLowerCase());
  if (name !== undefined) return { kind: scope.kind, name };
  const some = names
    .filter((one) => one !== "")
    .slice(0, 5)
    .map((one) => `"${one.slice(0, 60)}"`);
  const known =
    some.length === 0
      ? `No usage names a ${scope.kind} yet.`
      : `There is usage of ${some.join(", ")}${names.length > 5 ? " and others" : ""}.`;
  throw new AppError("bad_input", `There is no usage of a ${scope.kind} "${scope.name.slice(0, 60)}". ${known}`);
}

/** Sets what may be spent in a month, or takes it away; says how it stands. An AppError where nothing was stored. */
export async function setBudget(deps: SetBudgetDeps, request: SettingRequest): Promise<string> {
  const { orgId, values } = request;
  const member = managerOf(request.member, orgId, "set a budget");
  const wanted = readScope(values);
  if (values["on"] === "off") {
    const removed = await deps.budgets.remove(orgId, wanted, member.name);
    return removed
      ? `There is no budget for ${scopeText(wanted)} any more.`
      : `There was no budget for ${scopeText(wanted)}; nothing was changed.`;
  }
  const monthly = readAmount(values["amount"] ?? "");
  const scope = await knownScope(deps, request, wanted);
  const place = values["place"] ?? "alerts";
  const thread = place === "alerts" ? undefined : await noticePlace(deps, request, place);
  const budget = await deps.budgets.set({ orgId, scope, monthly, thread }, member.name);
  const where = budget.thread === undefined ? "where this organisation's alerts go" : `to ${placeText(budget.thread)}`;
  return `${showUsd(monthly)} a month may be spent on ${scopeText(scope)}. Alerts at 80 %, at 100 % and when the forecast passes it come ${where}.`;
}
