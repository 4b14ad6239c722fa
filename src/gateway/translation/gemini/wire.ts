import { z } from "zod";

const camel = (key: string): string => key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

const read = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[camel(key), member]])))
    : value;

/** An object of a request of Gemini's, whose members may be named in either of its two ways; one that is not named is refused. */
export const geminiObject = <T extends z.core.$ZodLooseShape>(shape: T) => z.preprocess(read, z.strictObject(shape));
