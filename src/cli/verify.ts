import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import type { App } from "../compose.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { type Command, type CommandContext, exitCode } from "./command.ts";
import type { Output } from "./output.ts";

/** Recomputes an org's ledger and says what agrees; true where all of it does. */
export async function verifyLedger(app: App, orgId: Id<"org">, output: Output): Promise<boolean> {
  const checks = await app.verify(orgId);
  if (checks.length === 0) output.out("The ledger is empty: there is nothing to verify.\n");
  for (const { entryId, differences } of checks) {
    output.out(differences.length === 0 ? `${entryId}: recomputed from stored rows, every digit agrees\n` : `${entryId}: DOES NOT AGREE\n`);
    for (const difference of differences) output.out(`  ${difference}\n`);
  }
  return checks.every(({ differences }) => differences.length === 0);
}

/** Reckons a statement in a file again and says what does not agree; true where every digit does. */
async function verifyFile({ app, org, cwd, output }: CommandContext, word: string): Promise<boolean> {
  const path = resolve(cwd, word);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("bad_input", `${path} cannot be read. Name a file that \`apex statement --out FILE\` wrote.`, { cause });
  });
  const differences = await app.savings.verifyStatement(org, text);
  output.out(
    differences.length === 0 ? `${plain(word)}: recomputed from stored rows, every digit agrees\n` : `${plain(word)}: DOES NOT AGREE\n`,
  );
  for (const difference of differences) output.out(plain(`  ${difference}\n`));
  return differences.length === 0;
}

export const verify: Command = {
  usage: "verify [FILE]",
  summary: "Recomputes every ledger entry, or the savings statement in a file, from stored rows, to the last digit.",
  options: {},
  async run(context, input) {
    const [file, ...rest] = input.words;
    if (rest.length > 0) throw new AppError("bad_input", `Give one file, or none. Usage: apex ${verify.usage}`);
    const agrees = file === undefined ? verifyLedger(context.app, context.org.id, context.output) : verifyFile(context, file);
    return (await agrees) ? exitCode.ok : exitCode.failed;
  },
};
