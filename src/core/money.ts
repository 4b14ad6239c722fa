import { z } from "zod";
import { AppError } from "./errors.ts";

/** An amount of money in whole pico-dollars (1e-12 USD). */
export type PicoUsd = bigint;

const decimals = 12;
const scale = 10n ** BigInt(decimals);

/** An exact USD amount as text with all twelve decimals, the form that documents and stores hold. */
export const UsdAmount = z.string().regex(/^-?\d+\.\d{12}$/, "is not a USD amount with twelve decimals");
export type UsdAmount = z.infer<typeof UsdAmount>;

/** Writes pico-dollars as exact USD with all twelve decimals. */
export const toUsd = (pico: PicoUsd): UsdAmount => {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(decimals + 1, "0");
  return `${pico < 0n ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};

/** A decimal text as whole digits and how many places they stand left of a pico-dollar (negative: right of it). */
const decimalOf = (text: string): { readonly digits: bigint; readonly shift: number } => {
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (match === null) throw new AppError("bad_input", `"${text}" is not an amount in USD.`);
  const [, sign, whole = "0", fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, shift: decimals - fraction.length + Number(exponent) };
};

/** Reads a decimal USD text ("0.0000025", "-12", "1.5e-6") into pico-dollars; refuses what is finer than a pico-dollar. */
export const fromUsd = (text: string): PicoUsd => {
  const { digits, shift } = decimalOf(text);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const below = 10n ** BigInt(-shift);
  if (digits % below !== 0n) throw new AppError("bad_input", `"${text}" USD is finer than a pico-dollar and cannot be kept exactly.`);
  return digits / below;
};

/** Reads a decimal text as `fromUsd` does and rounds what is finer half away from zero: for bills that are kept as floating-point numbers. */
export const fromUsdRounded = (text: string): PicoUsd => {
  const { digits, shift } = decimalOf(text);
  return shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift));
};

/** Divides pico-dollars rounding half away from zero; for shares and means, never for prices. */
export const divideRounded = (amount: PicoUsd, by: bigint): PicoUsd => {
  if (by <= 0n) throw new AppError("internal", `Cannot divide money by ${by}.`);
  const half = amount < 0n ? -(by / 2n) : by / 2n;
  return (amount + half) / by;
};

/** Money for people: cents from one dollar up, four significant digits below ("$1,234.50", "$0.001234"). */
export const showUsd = (pico: PicoUsd): string => {
  const size = pico < 0n ? -pico : pico;
  const sign = pico < 0n ? "−" : "";
  if (size === 0n) return "$0.00";
  if (size >= scale / 100n) {
    const cents = divideRounded(size, scale / 100n);
    const whole = (cents / 100n).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return `${sign}$${whole}.${(cents % 100n).toString().padStart(2, "0")}`;
  }
  const digits = Number(size) / Number(scale);
  return `${sign}$${digits.toFixed(Math.min(decimals, 3 - Math.floor(Math.log10(digits))))}`;
};
