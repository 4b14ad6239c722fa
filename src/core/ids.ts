import { randomUUID } from "node:crypto";
import { z } from "zod";

/** One prefix per kind of thing, so that an id says what it names and two kinds cannot be mixed. */
const prefixes = {
  org: "org",
  user: "usr",
  inbound: "inb",
  thread: "thr",
  message: "msg",
  run: "run",
  recommendation: "rec",
  approval: "apr",
  policy: "pol",
  savings: "sav",
  import: "imp",
  source: "src",
  contract: "ctr",
  approvedPrice: "prc",
  gatewayKey: "gwk",
  gateway: "gwy",
  billAlert: "bal",
  readKey: "rdk",
  notice: "ntc",
  budget: "bud",
  dataset: "syn",
} as const;

export type IdKind = keyof typeof prefixes;

/** An id of one kind: its prefix, an underscore, and a random part. */
export type Id<K extends IdKind> = `${(typeof prefixes)[K]}_${string}`;

/** A fresh random id of the given kind. */
export const newId = <K extends IdKind>(kind: K): Id<K> => `${prefixes[kind]}_${randomUUID()}`;

/** Whether a string is written like an id of the given kind. */
export const isId = <K extends IdKind>(kind: K, value: string): value is Id<K> =>
  /^[a-z]{3}_[A-Za-z0-9-]{1,64}$/.test(value) && value.startsWith(`${prefixes[kind]}_`);

/** The zod schema of an id of one kind. */
export const idSchema = <K extends IdKind>(kind: K): z.ZodType<Id<K>, string> =>
  z.string().refine((value): value is Id<K> => isId(kind, value), {
    error: `is not ${kind === "approval" || kind === "approvedPrice" || kind === "org" || kind === "inbound" || kind === "import" ? "an" : "a"} ${kind} id (it should look like ${prefixes[kind]}_…)`,
  });
