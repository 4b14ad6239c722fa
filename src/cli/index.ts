import { ask } from "./ask.ts";
import { budget } from "./budget.ts";
import type { Command } from "./command.ts";
import { corpus } from "./corpus.ts";
import { apply, approve, reject, rollback } from "./decide.ts";
import { demo } from "./demo.ts";
import { digest } from "./digest.ts";
import { importFiles } from "./import.ts";
import { importMap } from "./import-map.ts";
import { invoice } from "./invoice.ts";
import { key } from "./key.ts";
import { keys } from "./keys.ts";
import { policy } from "./policy.ts";
import { price } from "./price.ts";
import { prices } from "./prices.ts";
import { readKey } from "./read-key.ts";
import { reconcile } from "./reconcile.ts";
import { reprice } from "./reprice.ts";
import { savings } from "./savings.ts";
import { source } from "./source.ts";
import { spend } from "./spend.ts";
import { statement } from "./statement.ts";
import { supply } from "./supply.ts";
import { synthetic } from "./synthetic.ts";
import { twoPerson } from "./two-person.ts";
import { up } from "./up.ts";
import { verify } from "./verify.ts";
import { zone } from "./zone.ts";

/** Every word of the command line. */
export const commands = {
  up,
  ask,
  import: importFiles,
  "import-map": importMap,
  source,
  spend,
  reconcile,
  digest,
  budget,
  corpus,
  zone,
  prices,
  supply,
  reprice,
  synthetic,
  approve,
  reject,
  apply,
  rollback,
  "two-person": twoPerson,
  policy,
  savings,
  statement,
  invoice,
  verify,
  price,
  key,
  keys,
  "read-key": readKey,
  demo,
} satisfies Record<string, Command>;

/** The command of a name, where there is one. */
export const commandNamed = (name: string): Command | undefined => Object.entries(commands).find(([word]) => word === name)?.[1];

/** What `apex help` prints. */
export const helpText = (): string =>
  [
    "Apex, the AI-spend teammate: ask, propose, approve, apply, measure.",
    "",
    ...Object.values(commands).map(({ usage, summary }) => `  apex ${usage}\n      ${summary}`),
    "",
    "Data lives under APEX_DATA_DIR. --org NAME picks a workspace; --as-of TIME (ISO 8601, UTC) fixes the clock.",
    "",
  ].join("\n");
