import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../src/core/errors.ts";

/** One published client: its requests by hour, from the midnight that the trace begins at. */
export interface ClientHours {
  readonly client: string;
  readonly hours: readonly number[];
}

const Line = z.tuple([z.string()], z.coerce.number().min(0));

/** The ten clients of ServeGen that stand in bench/servegen/hours.csv. */
export async function readClients(): Promise<readonly ClientHours[]> {
  // Compiled, this file stands one folder deeper.
  const places = ["./servegen/hours.csv", "../../bench/servegen/hours.csv"].map((place) => new URL(place, import.meta.url));
  for (const place of places) {
    const text = await readFile(place, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    return text
      .trim()
      .split("\n")
      .map((line) => Line.parse(line.split(",")))
      .map(([client, ...hours]) => ({ client, hours }));
  }
  throw new AppError("not_found", "bench/servegen/hours.csv is not there.");
}

/** Sums of whole days. */
export const daysOf = ({ hours }: ClientHours): readonly number[] =>
  Array.from({ length: Math.floor(hours.length / 24) }, (_, day) =>
    hours.slice(24 * day, 24 * day + 24).reduce((sum, hour) => sum + hour, 0),
  );
