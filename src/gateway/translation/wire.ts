import { z } from "zod";
import { refuse } from "../errors.ts";
import { CannotCarry } from "./cannot-carry.ts";

/** A member that does not change the answer, and is left behind. */
export const dropped = z.unknown().optional();

const isNull = (value: unknown): boolean => value === null || value === undefined;

const withoutNulls = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => !isNull(member)))
    : value;

/** An object of a request: members that are null count as absent, and a member that is not named is refused. */
export const wireObject = <T extends z.core.$ZodLooseShape>(shape: T) => z.preprocess(withoutNulls, z.strictObject(shape));

/** A list whose items are such objects. */
export const wireList = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value.map(withoutNulls) : value), z.array(item));

/** A list of parts that may be sent as one text. */
export const textOr = <T extends z.ZodType>(type: string, item: T) =>
  z.preprocess((value) => (typeof value === "string" ? [{ type, text: value }] : value), wireList(item));

/** A member that can be left behind only where it has one of these values, which ask for nothing. */
export const onlyIf = (...harmless: readonly unknown[]) =>
  z
    .unknown()
    .optional()
    .refine((value) => isNull(value) || harmless.some((one) => JSON.stringify(one) === JSON.stringify(value)));

const pathOf = (issue: z.core.$ZodIssue): string =>
  [...issue.path, ...(issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [])].map(String).join(".");

/** Reads a request by its schema: throws CannotCarry at what only this API can say, and a GatewayError at what is not valid. */
export const readWire = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw refuse.badRequest("The body is not valid.");
  const param = pathOf(issue);
  if (["custom", "unrecognized_keys", "invalid_union"].includes(issue.code)) throw new CannotCarry({ param });
  throw refuse.badRequest(`${param === "" ? "The body" : `'${param}'`} is not valid: ${issue.message}.`, param || null);
};

const JsonObject = z.record(z.string(), z.unknown());

/** The JSON object of a text; no text at all is an empty one. Undefined where it is none. */
export const jsonObjectOf = (text: string): Record<string, unknown> | undefined => {
  if (text.trim() === "") return {};
  try {
    return JsonObject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/** Members that have a value; the rest are left out. */
export const present = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
