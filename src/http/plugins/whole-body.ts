import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError } from "../../core/errors.ts";
import type { Place } from "./in-flight.ts";

const unzip = promisify(gunzip);

/** Thrown for a body that is too large: answered with 413. */
export class TooLarge extends Error {
  readonly statusCode = 413;
}

const tooLarge = (limit: number): TooLarge => new TooLarge(`A request may have ${limit} bytes, unpacked. Send smaller batches.`);

async function collected(stream: AsyncIterable<unknown>, limit: number, place: Place): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > limit) throw tooLarge(limit);
    place.take(part.length);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function unpacked(body: Buffer, limit: number, place: Place): Promise<Buffer> {
  try {
    const whole = await unzip(body, { maxOutputLength: limit });
    place.take(whole.length);
    return whole;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (cause instanceof RangeError) throw tooLarge(limit);
    throw new AppError("bad_input", "The body is not gzip, though its Content-Encoding says so.", { cause });
  }
}

/** Reads a body into memory, unpacking gzip; a TooLarge or an AppError where it cannot be. The place is charged for it. */
export async function wholeBody(
  stream: AsyncIterable<unknown>,
  encoding: string | undefined,
  limit: number,
  place: Place,
): Promise<Buffer> {
  const packing = encoding?.trim().toLowerCase() ?? "identity";
  const body = await collected(stream, limit, place);
  if (packing === "identity" || packing === "") return body;
  if (packing !== "gzip")
    throw new AppError("bad_input", `The Content-Encoding ${packing.slice(0, 40)} is not read here: use gzip or none.`);
  return unpacked(body, limit, place);
}
