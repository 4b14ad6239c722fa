import { z } from "zod";
import { fromUsd, type PicoUsd } from "./money.ts";

/** What a customer pays by, from its AI spend of the month. */
export const TierName = z.enum(["free", "early", "mid", "enterprise"]);
export type TierName = z.infer<typeof TierName>;

/** The share of a proven saving that a plan freezes when a change is applied, in basis points: no invoice asks for more. */
export const usualFeeBasisPoints = 2_000;

/** One line of the price list. */
export interface CustomerTier {
  readonly name: TierName;
  /** Whether a month's AI spend falls into it. */
  readonly holds: (spend: PicoUsd) => boolean;
  readonly spend: string;
  /** Share of the billed saving in basis points; null: it is negotiated. */
  readonly feeBasisPoints: number | null;
  /** Whether a fee for the platform itself comes on top, as agreed. */
  readonly platformFee: boolean;
  readonly price: string;
}

const [oneThousand, tenThousand, hundredThousand] = [fromUsd("1000"), fromUsd("10000"), fromUsd("100000")];

/** The price list: whoever speaks of tiers reads it here. */
export const customerTiers: Readonly<Record<TierName, CustomerTier>> = {
  free: {
    name: "free",
    holds: (spend) => spend < oneThousand,
    spend: "under $1,000 a month",
    feeBasisPoints: 0,
    platformFee: false,
    price: "free",
  },
  early: {
    name: "early",
    holds: (spend) => spend >= oneThousand && spend < tenThousand,
    spend: "$1,000 to $10,000 a month",
    feeBasisPoints: usualFeeBasisPoints,
    platformFee: false,
    price: "20 % of measured savings",
  },
  mid: {
    name: "mid",
    holds: (spend) => spend >= tenThousand && spend <= hundredThousand,
    spend: "$10,000 to $100,000 a month",
    feeBasisPoints: usualFeeBasisPoints,
    platformFee: true,
    price: "20 % of measured savings and the platform fee",
  },
  enterprise: {
    name: "enterprise",
    holds: (spend) => spend > hundredThousand,
    spend: "over $100,000 a month",
    feeBasisPoints: null,
    platformFee: true,
    price: "the share of measured savings and the platform fee that were agreed",
  },
};

/** The tier of an org by its AI spend of a month. */
export const tierOf = (spend: PicoUsd): CustomerTier => {
  const tiers: readonly CustomerTier[] = Object.values(customerTiers);
  return tiers.find(({ holds }) => holds(spend)) ?? customerTiers.enterprise;
};
