import { fromUsdRounded, type PicoUsd } from "../core/money.ts";
import type { Cell } from "./cells.ts";

const decimals = 12;
/** No bill has an amount of a thousand million million dollars. */
const largest = 10n ** BigInt(15 + decimals);
const written = /^([-+]?)(\d{0,40})(?:\.(\d{0,60}))?(?:[eE]([-+]?\d{1,3}))?$/;

/**
 * An amount in USD as a bill writes it ("-0.0012", "1.5E-7", a JSON number). What is finer than a pico-dollar, which bills
 * that were written from floating-point numbers hold, is rounded to it, half away from zero.
 */
export function amountCell(raw: unknown): Cell<PicoUsd> {
  const text = typeof raw === "string" ? raw.trim() : typeof raw === "number" || typeof raw === "bigint" ? String(raw) : "";
  const shown = JSON.stringify(text).slice(0, 60);
  const match = written.exec(text);
  if (match === null) return { wrong: `${shown} is not an amount: write it like -1234.56` };
  const [, , whole = "", fraction = "", exponent = "0"] = match;
  if (whole + fraction === "") return { wrong: text === "" ? "it is missing" : `${shown} is not an amount: write it like -1234.56` };
  const value = Number(exponent) > 30 && /[1-9]/.test(whole + fraction) ? largest : fromUsdRounded(plainly(text));
  return value >= largest || value <= -largest ? { wrong: `${shown} is more than any bill holds` } : { value };
}

/** Without what a bill may write and `fromUsd` does not take: a plus sign, a missing digit before the point. */
const plainly = (text: string): string => text.replace(/^\+/, "").replace(/^(-?)\./, "$10.");
