import type { PriceBook } from "../../src/core/price.ts";
import type { Entities, Triage } from "../../src/core/triage.ts";
import type { Coverage } from "../../src/core/usage-store.ts";
import type { Zone } from "../../src/core/zone.ts";

/** What triage goes by. */
export interface TriageInput {
  readonly question: string;
  /** Questions asked before in the thread, oldest first. */
  readonly earlier: readonly string[];
  readonly asOf: Date;
  /** The zone that days, weeks and months are counted in; UTC where it is not said. */
  readonly zone?: Zone;
  readonly coverage: Coverage;
  readonly prices: PriceBook;
}

/** What the rules make of a question; where they did not understand it, what they read in it all the same. */
export interface QuestionReading {
  readonly triage: Triage;
  readonly unclear: Entities | undefined;
}
