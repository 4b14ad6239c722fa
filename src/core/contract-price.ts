import { z } from "zod";
import { Day, dayText } from "./day.ts";
import { AppError } from "./errors.ts";
import type { Id } from "./ids.ts";
import { idSchema } from "./ids.ts";
import { fromUsd, type PicoUsd } from "./money.ts";
import { type PerToken, type PerUnit, Tier } from "./price.ts";
import { tokenBuckets } from "./tokens.ts";
import { UnitKind } from "./units.ts";

/** The whole of a price in basis points: a discount of so many makes it free. */
export const wholeBasisPoints = 10_000;

/** USD for so many (a power of ten) as pico-dollars for one: written as a decimal, never negative, never finer than a pico-dollar. */
const rate = (perExponent: number) =>
  z.union([z.string(), z.number()]).transform((written, context): PicoUsd => {
    const refuse = (message: string): never => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    const text = String(written).trim();
    if (text.startsWith("-")) return refuse(`${text.slice(0, 40)} is negative: a rate is 0 or more`);
    if (!/^\d+(\.\d+)?$/.test(text)) return refuse(`"${text.slice(0, 40)}" is no rate: write USD as a decimal, like "1.25"`);
    try {
      return fromUsd(`${text}e-${perExponent}`);
    } catch {
      return refuse(`${text.slice(0, 40)} is finer than a pico-dollar for one, and cannot be kept exactly`);
    }
  });

const perToken = z.partialRecord(z.enum(tokenBuckets), rate(6));
const perUnit = z.partialRecord(UnitKind, rate(0));

/**
 * One line of a contract as an admin writes it: either own rates for one model, or a discount on the list price of one model
 * or of all of a provider. `from` counts, `until` does not; both are UTC days.
 */
export const ContractTerms = z
  .strictObject({
    provider: z.string().min(1).max(64),
    /** The exact model; absent: all models of the provider, for a discount alone. */
    model: z.string().min(1).max(256).optional(),
    /** Absent: every tier for a discount, standard for rates. */
    tier: Tier.optional(),
    /** Absent or empty: every region. */
    region: z.string().max(256).default(""),
    /** Own rates apply to requests with more input tokens than this, until another row names a higher figure. */
    aboveInputTokens: z.number().int().nonnegative().max(1_000_000_000).default(0),
    from: Day,
    until: Day.optional(),
    usdPerMillionTokens: perToken.optional(),
    usdPerUnit: perUnit.optional(),
    usdPerRequest: rate(0).optional(),
    /** Hundredths of a percent off the list price: 1250 is 12.5 %. */
    discountBasisPoints: z
      .number()
      .int()
      .min(1, "must be at least 1 (0.01 %)")
      .max(wholeBasisPoints, "must be at most 10000: a discount over 100 % would be a price below 0")
      .optional(),
    /** What it is taken from, such as "order form 2026-03". */
    source: z.string().trim().min(1, "is empty: say what the price is taken from").max(256),
    /** The row that this one takes the place of: it ends where this one begins. */
    supersedes: idSchema("contract").optional(),
  })
  .superRefine((terms, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const rates = [terms.usdPerMillionTokens, terms.usdPerUnit, terms.usdPerRequest].some((part) => part !== undefined);
    const discount = terms.discountBasisPoints !== undefined;
    if (rates === discount)
      refuse("discountBasisPoints", "give either a discount or own rates (usdPerMillionTokens, usdPerUnit, usdPerRequest)");
    if (rates && terms.model === undefined) refuse("model", "is missing: own rates are for one exact model");
    if (rates && Object.keys(terms.usdPerMillionTokens ?? {}).length + Object.keys(terms.usdPerUnit ?? {}).length === 0)
      refuse("usdPerMillionTokens", "names no rate");
    if (discount && terms.aboveInputTokens > 0) refuse("aboveInputTokens", "is for own rates: a discount holds in every context band");
    if (terms.until !== undefined && terms.until <= terms.from)
      refuse("until", `${dayText(terms.until)} is not after from, ${dayText(terms.from)}`);
  });
export type ContractTerms = z.infer<typeof ContractTerms>;

/** What a row of a contract says that something costs, in pico-dollars. */
export type ContractRate =
  | { readonly kind: "rates"; readonly perToken: PerToken; readonly perUnit: PerUnit; readonly perRequest: PicoUsd }
  | { readonly kind: "discount"; readonly basisPoints: number };

/** A stored row of an org's contracts. It is never changed: it can only end. */
export interface ContractPrice {
  readonly id: Id<"contract">;
  readonly provider: string;
  /** Null: all models of the provider. */
  readonly model: string | null;
  /** Null: all tiers. */
  readonly tier: Tier | null;
  /** Empty: all regions. */
  readonly region: string;
  readonly aboveInputTokens: number;
  readonly effectiveFrom: Date;
  readonly effectiveTo: Date | null;
  readonly rate: ContractRate;
  readonly source: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** The row that took its place. */
  readonly supersededBy: Id<"contract"> | null;
}

/** What a line of a contract comes to as a row, before it has an id. Reasoning without a rate of its own is billed as output. */
export function contractRow(terms: ContractTerms): Omit<ContractPrice, "id" | "createdBy" | "createdAt" | "supersededBy"> {
  const { output, ...named } = terms.usdPerMillionTokens ?? {};
  const rate: ContractRate =
    terms.discountBasisPoints === undefined
      ? {
          kind: "rates",
          perToken: output === undefined ? named : { output, reasoning: output, ...named },
          perUnit: terms.usdPerUnit ?? {},
          perRequest: terms.usdPerRequest ?? 0n,
        }
      : { kind: "discount", basisPoints: terms.discountBasisPoints };
  return {
    provider: terms.provider,
    model: terms.model ?? null,
    tier: terms.tier ?? (rate.kind === "rates" ? "standard" : null),
    region: terms.region,
    aboveInputTokens: terms.aboveInputTokens,
    effectiveFrom: terms.from,
    effectiveTo: terms.until ?? null,
    rate,
    source: terms.source,
  };
}

type Spoken = Pick<ContractPrice, "provider" | "model" | "tier" | "region" | "aboveInputTokens" | "effectiveFrom" | "effectiveTo">;

const speaksOfSame = (a: Spoken, b: Spoken): boolean =>
  a.provider === b.provider &&
  a.model === b.model &&
  a.tier === b.tier &&
  a.region === b.region &&
  a.aboveInputTokens === b.aboveInputTokens;

const endOf = ({ effectiveTo }: Spoken): number => effectiveTo?.getTime() ?? Number.POSITIVE_INFINITY;

/** The first of the rows that speaks of exactly the same as another at some moment: which of the two holds would be a guess. */
export const overlapping = <Row extends Spoken>(row: Spoken, rows: readonly Row[]): Row | undefined =>
  rows.find(
    (other) =>
      speaksOfSame(row, other) && Math.max(row.effectiveFrom.getTime(), other.effectiveFrom.getTime()) < Math.min(endOf(row), endOf(other)),
  );

/** Refuses an end that would lie before a row's start, or would make a row last longer than it was said to: an AppError "bad_input". */
export function checkEnd(row: Pick<ContractPrice, "id" | "effectiveFrom" | "effectiveTo">, on: Date): void {
  if (on < row.effectiveFrom)
    throw new AppError("bad_input", `${row.id} begins on ${dayText(row.effectiveFrom)}: it cannot end before that, on ${dayText(on)}.`);
  if (row.effectiveTo !== null && on >= row.effectiveTo)
    throw new AppError(
      "bad_input",
      `${row.id} ends on ${dayText(row.effectiveTo)} already, and a row is never made longer: add a new row from that day on.`,
    );
}

/** Contract prices of each org, with who added and ended them in the audit trail. */
export interface ContractStore {
  /** All rows of an org, also those that have ended, oldest first. */
  list(orgId: Id<"org">): Promise<readonly ContractPrice[]>;
  /** Adds lines, all of them or none; an AppError "conflict" where one overlaps a row that there is, or another line. */
  add(orgId: Id<"org">, lines: readonly ContractTerms[], actor: string): Promise<readonly ContractPrice[]>;
  /** Ends a row: from that day on it no longer holds. On the day it begins, that withdraws it as a whole. */
  end(orgId: Id<"org">, id: Id<"contract">, on: Date, actor: string): Promise<ContractPrice>;
}
