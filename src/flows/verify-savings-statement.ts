import { canonicalJson } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { SavingsStatement } from "../core/savings-statement.ts";
import { type StatementDeps, savingsStatement } from "./savings-statement.ts";

const shown = (value: unknown): string => (value === undefined ? "nothing" : canonicalJson(value).slice(0, 120));

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Every place in which two documents differ, by its path. */
function differencesOf(path: string, written: unknown, recomputed: unknown): readonly string[] {
  if (!isObject(written) || !isObject(recomputed) || Array.isArray(written) !== Array.isArray(recomputed))
    return written === recomputed ? [] : [`${path}: the statement says ${shown(written)}, recomputed it is ${shown(recomputed)}`];
  const [a, b] = [new Map(Object.entries(written)), new Map(Object.entries(recomputed))];
  const step = (key: string): string => (Array.isArray(written) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => differencesOf(step(key), a.get(key), b.get(key)));
}

const read = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", "This is no statement: it is not JSON. Make one with `apex statement --out FILE`.", { cause });
  }
};

/**
 * Reckons a statement again from stored rows, as of the moment that it names, and gives every place that does not agree;
 * nothing where every digit does. An AppError "bad_input" where it is no statement at all.
 */
export async function verifyStatement(
  deps: StatementDeps,
  org: { readonly id: Id<"org">; readonly name: string },
  text: string,
): Promise<readonly string[]> {
  const raw = read(text);
  const parsed = SavingsStatement.safeParse(raw);
  if (!parsed.success) {
    if (!isObject(raw) || !("kind" in raw) || raw.kind !== "savings_statement")
      throw new AppError("bad_input", "This is no savings statement. Make one with `apex statement --out FILE`.");
    return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  }
  const { month, asOf } = parsed.data;
  const again = await savingsStatement(deps, { orgId: org.id, org: org.name, month, asOf: new Date(asOf) });
  return differencesOf("", raw, JSON.parse(JSON.stringify(again)));
}
