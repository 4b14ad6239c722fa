import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { type ContractPrice, ContractTerms } from "../core/contract-price.ts";
import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import { addContracts, endContract } from "../flows/change-contract.ts";
import type { CommandContext, CommandInput } from "./command.ts";
import { dayGiven } from "./day.ts";
import { bucketsText, unitsText } from "./price-text.ts";

const largestFile = 1_000_000;

async function documentIn(path: string): Promise<unknown> {
  const unreadable = (cause?: unknown): never => {
    throw new AppError("bad_input", `The contract file ${path} cannot be read. Check its path.`, { cause });
  };
  const { size } = await stat(path).then((found) => (found.isFile() ? found : unreadable()), unreadable);
  if (size > largestFile) throw new AppError("bad_input", `${path} is too large for a contract file.`);
  const text = await readFile(path, "utf8").catch(unreadable);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", `The contract file ${path} is not JSON: ${cause instanceof Error ? cause.message : "unreadable"}.`, {
      cause,
    });
  }
}

/** The lines of a contract file: one object, or a list of them. A wrong one is an AppError that names the line and the field. */
async function linesIn(path: string): Promise<readonly ContractTerms[]> {
  const document = await documentIn(path);
  const given: readonly unknown[] = Array.isArray(document) ? document : [document];
  if (given.length === 0) throw new AppError("bad_input", `The contract file ${path} holds no line.`);
  return given.map((line, index) => {
    const parsed = ContractTerms.safeParse(line);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? "" : `, "${issue.path.join(".")}"`;
    throw new AppError(
      "bad_input",
      `The contract file ${path} is wrong in line ${index + 1}${field}: ${issue?.message ?? "unreadable"}. Nothing was added.`,
    );
  });
}

const rateText = ({ rate }: ContractPrice): string => {
  if (rate.kind === "discount") return `${rate.basisPoints / 100} % off the list price`;
  const units = unitsText(rate.perUnit, rate.perRequest);
  return `USD per million tokens: ${bucketsText(rate.perToken) || "none"}${units === "" ? "" : `; USD each: ${units}`}`;
};

/** One row in words. */
const describe = (row: ContractPrice): string => {
  const what = `${row.provider}/${row.model ?? "every model"}, ${row.tier ?? "every tier"}, ${row.region === "" ? "every region" : row.region}`;
  const band = row.aboveInputTokens === 0 ? "" : `, over ${row.aboveInputTokens} input tokens`;
  const end = row.effectiveTo === null ? "with no end" : `until ${dayText(row.effectiveTo)} (not counted)`;
  const next = row.supersededBy === null ? "" : `, superseded by ${row.supersededBy}`;
  return [
    `${row.id}  ${what}${band}`,
    `  ${rateText(row)}`,
    `  from ${dayText(row.effectiveFrom)} ${end}${next}`,
    `  ${row.source}; added by ${row.createdBy} on ${dayText(row.createdAt)}`,
    "",
  ].join("\n");
};

const kept = "Usage that is stored already keeps its cost: `apex reprice` shows what it would be, and changes it where you say so.\n";

async function add({ app, org, userName, cwd, output }: CommandContext, file: string | undefined): Promise<void> {
  if (file === undefined) throw new AppError("bad_input", "Name the file with the contract's lines: apex prices contract add FILE.json");
  const lines = await linesIn(resolve(cwd, file));
  const { rows, notes } = await addContracts(app.pricing, { orgId: org.id, lines, actor: userName });
  for (const row of rows) output.out(plain(describe(row)));
  for (const note of notes) output.err(plain(`${note}\n`));
  output.out(kept);
}

async function list({ app, org, output }: CommandContext): Promise<void> {
  const rows = await app.pricing.contracts.list(org.id);
  for (const row of rows) output.out(plain(describe(row)));
  if (rows.length === 0)
    output.out("There is no contract price: usage costs what the list says. `apex prices contract add FILE.json` adds one.\n");
}

async function end({ app, org, userName, output }: CommandContext, id: string | undefined, input: CommandInput): Promise<void> {
  if (id === undefined || !isId("contract", id))
    throw new AppError("bad_input", "Name the row by its id, like ctr_…: `apex prices contract list` shows them.");
  const on = dayGiven("on", input.text("on"));
  if (on === undefined) throw new AppError("bad_input", "Say from which day on it no longer holds: --on DAY, like --on 2026-12-01.");
  const row = await endContract(app.pricing, { orgId: org.id, id, on, actor: userName });
  output.out(plain(describe(row)));
  output.out(kept);
}

/** `apex prices contract add|list|end`. */
export async function contractCommand(context: CommandContext, input: CommandInput): Promise<void> {
  const [, verb, word, extra] = input.words;
  if (extra !== undefined) throw new AppError("bad_input", `"${extra}" is one word too many.`);
  if (verb === "add") return add(context, word);
  if (verb === "list" && word === undefined) return list(context);
  if (verb === "end") return end(context, word, input);
  throw new AppError("bad_input", "Say what to do with contract prices: add FILE.json, list, or end ID --on DAY.");
}
