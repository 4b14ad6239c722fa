import type { App } from "../compose.ts";
import type { Id } from "../core/ids.ts";
import { type Command, exitCode } from "./command.ts";
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

export const verify: Command = {
  usage: "verify",
  summary: "Recomputes every ledger entry from stored rows, to the last digit.",
  options: {},
  wordless: true,
  run: async ({ app, org, output }) => ((await verifyLedger(app, org.id, output)) ? exitCode.ok : exitCode.failed),
};
