import { z } from "zod";
import type { Id } from "./ids.ts";
import type { PicoUsd } from "./money.ts";
import type { Tier } from "./price.ts";
import type { TokenBucket } from "./tokens.ts";
import type { UnitKind } from "./units.ts";

/** How old data about prices may be before it is flagged, and before nothing is proposed by it any more, in days. */
export const freshDays = 30;

/** What a price is of: exact names, one tier, one context band, one region, one kind of token or unit. */
export interface PricePlace {
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  /** For requests with more input tokens than this. */
  readonly aboveInputTokens: number;
  /** Empty: where nothing else is said. */
  readonly region: string;
  readonly bucket: TokenBucket | UnitKind;
}

/** A price as a source states it. For comparing and proposing alone: nothing is priced with it before someone approved it. */
export interface StatedPrice extends PricePlace {
  /** Pico-dollars for a million tokens, or for one unit. */
  readonly usd: PicoUsd;
  /** The UTC day from which it holds, where the source says so, as YYYY-MM-DD. */
  readonly from: string | null;
}

/** What a source says of a model; what it does not say is null. */
export const StatedFacts = z.strictObject({
  name: z.string().nullable(),
  /** Tokens. */
  contextWindow: z.number().int().positive().nullable(),
  maxInput: z.number().int().positive().nullable(),
  maxOutput: z.number().int().positive().nullable(),
  /** What it takes besides text, sorted: "audio", "image", "pdf", "video". */
  takes: z.array(z.string()).nullable(),
  tools: z.boolean().nullable(),
  reasoning: z.boolean().nullable(),
  deprecated: z.boolean().nullable(),
  /** UTC days as YYYY-MM-DD. */
  releasedOn: z.string().nullable(),
  retiresOn: z.string().nullable(),
});
export type StatedFacts = z.infer<typeof StatedFacts>;

/** Nothing said. */
export const noFacts: StatedFacts = {
  name: null,
  contextWindow: null,
  maxInput: null,
  maxOutput: null,
  takes: null,
  tools: null,
  reasoning: null,
  deprecated: null,
  releasedOn: null,
  retiresOn: null,
};

/** A model that a source lists. */
export interface StatedModel {
  readonly provider: string;
  readonly model: string;
  readonly facts: StatedFacts;
}

/** Who publishes, and where it was read: two addresses of one publisher are one source where sources are counted. */
export interface SupplyOrigin {
  /** A published list by its name, or a provider's own list of models ("openai-models"). */
  readonly source: string;
  /** An address, or "files". */
  readonly address: string;
}

/** One reading of a source. */
export interface SupplyReading extends SupplyOrigin {
  readonly retrievedAt: Date;
  /** When what was read was published or last changed: the moment of reading for what is served now; null where nobody knows. */
  readonly dataOf: Date | null;
  /** Providers of which the reading names every model: what it no longer names is gone. */
  readonly whole: readonly string[];
  readonly prices: readonly StatedPrice[];
  readonly models: readonly StatedModel[];
}

/** When a source was read last, and how old what it said is. */
export interface SourceState extends SupplyOrigin {
  /** The first reading of it. */
  readonly firstReadAt: Date;
  readonly lastReadAt: Date;
  /** Null where nobody knows: such data counts for nothing. */
  readonly dataOf: Date | null;
  readonly prices: number;
  readonly models: number;
}

/** What a source said at a moment, since its reading of `retrievedAt`. */
export type ObservedPrice = StatedPrice & SupplyOrigin & { readonly retrievedAt: Date };
export type ObservedModel = StatedModel & SupplyOrigin & { readonly retrievedAt: Date };

export type SaidModel = Omit<ObservedModel, "facts"> & { readonly facts: StatedFacts | null };

/** After one moment and up to another. */
export interface SaidSpan {
  readonly after: Date;
  readonly until: Date;
}

/** What to look at of the observations. */
export interface ObservedFilter {
  readonly provider?: string;
  readonly model?: string;
}

/** What a recording did. */
export interface Recorded {
  /** Prices and models that the source says otherwise than at its last reading, or for the first time, or no longer. */
  readonly changed: number;
}

/** Reads what sources said of prices and models. */
export interface SupplyReader {
  /** Every source that was read, by its last reading, in order of name and address. */
  sources(orgId: Id<"org">): Promise<readonly SourceState[]>;
  /** What each source said at a moment, in order of place and source; what it no longer names is left out. */
  pricesAt(orgId: Id<"org">, at: Date, filter?: ObservedFilter): Promise<readonly ObservedPrice[]>;
  /** What sources said otherwise, or for the first time, after one moment and up to another, oldest first. */
  pricesSaid(orgId: Id<"org">, span: SaidSpan, filter?: ObservedFilter): Promise<readonly ObservedPrice[]>;
  /** The models that each source listed at a moment. */
  modelsAt(orgId: Id<"org">, at: Date, filter?: ObservedFilter): Promise<readonly ObservedModel[]>;
  /** The models of which sources said otherwise, or for the first time, in a span; `facts` is null for one that is no longer listed. */
  modelsSaid(orgId: Id<"org">, span: SaidSpan, filter?: ObservedFilter): Promise<readonly SaidModel[]>;
}

/** The history of what sources said: a change is a row of its own, and no row is ever changed. */
export interface SupplyStore extends SupplyReader {
  /**
   * Keeps what is new in a reading. The same reading twice is one; a reading that is older than the last one of its source and
   * address is an AppError "stale".
   */
  record(orgId: Id<"org">, reading: SupplyReading): Promise<Recorded>;
}

/** Where a source can be read again and again. */
export interface SupplySource extends SupplyOrigin {
  /** How often it is to be read, in days: prices daily, lists of models weekly. */
  readonly everyDays: number;
  /** Reads it; an AppError says in a sentence what went wrong, and its code whether to try later. */
  read(at: Date, signal: AbortSignal): Promise<SupplyReading>;
}
