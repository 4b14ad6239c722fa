import { z } from "zod";

/** A setting that may be left out; an empty one is left out. */
export const optional = z
  .string()
  .trim()
  .transform((text) => (text === "" ? undefined : text))
  .optional();

/** What is listed with commas. */
export const listOf = (text: string): readonly string[] =>
  text
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
