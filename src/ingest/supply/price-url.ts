import { parse } from "smol-toml";
import { AppError } from "../../core/errors.ts";
import type { PriceBook } from "../../core/price.ts";
import type { SupplySource } from "../../core/supply.ts";
import type { ApiClient } from "../api-client.ts";
import { type ListName, listReading } from "./list-reading.ts";

/** A published list at an address. */
export interface ListAddress {
  readonly list: ListName;
  readonly url: string;
}

function documentOf(bytes: Uint8Array, path: string): unknown {
  const broken = (cause: unknown): AppError =>
    new AppError("provider_down", `The price list at ${path} is not whole. It is tried again later.`, { cause });
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return path.endsWith(".toml") ? parse(text) : JSON.parse(text);
  } catch (cause) {
    throw broken(cause);
  }
}

/** A list at an address, read with a time-out, a bound on its size and a few tries; read daily. What is served is of the moment of reading. */
export function priceUrl(client: ApiClient, book: PriceBook, { list, url }: ListAddress): SupplySource {
  const address = new URL(url);
  const origin = { source: list, address: address.href };
  const call = {
    url: address,
    headers: {},
    what: `The price list ${list}`,
    refused: "Check the address of the list in APEX_PRICE_LISTS.",
    missing: "Check the address of the list in APEX_PRICE_LISTS.",
  };
  return {
    ...origin,
    everyDays: 1,
    async read(at, signal) {
      const document = await client.read(call, (bytes) => documentOf(bytes, address.pathname), signal);
      return listReading(book, [{ path: address.pathname.replace(/^\/+/, ""), document }], { list, origin, at, dataOf: at });
    },
  };
}
