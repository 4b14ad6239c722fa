import { divideRounded, type PicoUsd } from "../core/money.ts";
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
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole + fraction === "") return { wrong: text === "" ? "it is missing" : `${shown} is not an amount: write it like -1234.56` };
  const digits = BigInt(whole + fraction);
  const shift = decimals - fraction.length + Number(exponent);
  const size =
    shift >= 0 ? (shift > 60 && digits > 0n ? largest : digits * 10n ** BigInt(shift)) : divideRounded(digits, 10n ** BigInt(-shift));
  if (size >= largest) return { wrong: `${shown} is more than any bill holds` };
  return { value: sign === "-" ? -size : size };
}
