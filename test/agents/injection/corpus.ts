import { readFileSync } from "node:fs";
import { z } from "zod";

const Attack = z.union([z.string(), z.strictObject({ attack: z.string(), plain: z.string() })]);

/** An attack, and the plain question that it hides in, where it hides in one. */
export interface Attack {
  readonly text: string;
  readonly plain: string | undefined;
}

/** The attacks of a kind: test/agents/injection/corpus/KIND.json. */
export const attacksOf = (kind: string): readonly Attack[] =>
  z
    .array(Attack)
    .parse(JSON.parse(readFileSync(new URL(`corpus/${kind}.json`, import.meta.url), "utf8")))
    .map((one) => (typeof one === "string" ? { text: one, plain: undefined } : { text: one.attack, plain: one.plain }));

/** Orders in a message, in whatever letters or language. */
export const orderKinds = ["direct", "fake-system", "tool-calls", "unicode", "languages", "documents"] as const;

/** What stands in data: names, cells of tables. */
export const dataKinds = ["names", "cells"] as const;

/** Messages that a rule may not know for orders, or that hide in a plain question. */
export const otherKinds = ["encoded", "exfiltration", "embedded"] as const;
