import { AppError } from "../../core/errors.ts";
import type { Section, Unit } from "./section.ts";

const deepest = 64;
const mostValues = 500_000;

const placeOf = (first: number, last: number): string => (first === last ? `item ${first}` : `items ${first} to ${last}`);

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;

const entriesOf = (value: object): readonly (readonly [string, unknown])[] =>
  Array.isArray(value) ? value.map((item: unknown, index) => [String(index + 1), item] as const) : Object.entries(value);

/** The values of a JSON value, a line each, after the path that leads to them. */
function linesOf(name: string) {
  let values = 0;
  const lines = (value: unknown, path: readonly string[]): readonly string[] => {
    if (path.length > deepest) throw new AppError("bad_input", `${name} nests its values more than ${deepest} deep.`);
    if (isNested(value)) return entriesOf(value).flatMap(([key, inner]) => lines(inner, [...path, key]));
    values += 1;
    if (values > mostValues) throw new AppError("bad_input", `${name} holds more than ${mostValues} values. Split it, and add the parts.`);
    if (value === null || value === "") return [];
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [path.length === 0 ? text : `${path.join(" › ")}: ${text}`];
  };
  return lines;
}

/** Reads JSON: an array's items one after the other, an object's members a section each. */
export function readJson(text: string, name: string): readonly Section[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", `${name} is not JSON: it is broken or cut off.`, { cause });
  }
  const lines = linesOf(name);
  const itemsOf = (items: readonly unknown[]): readonly Unit[] =>
    items.map((item, index) => ({ at: index + 1, text: lines(item, []).join("\n") }));
  if (Array.isArray(value)) return [{ headings: [], units: itemsOf(value), placeOf }];
  if (!isNested(value)) return [{ headings: [], units: [{ text: lines(value, []).join("\n") }] }];
  return Object.entries(value).map(([key, member]: readonly [string, unknown]): Section => {
    if (Array.isArray(member)) return { headings: [key], units: itemsOf(member), placeOf };
    return { headings: [key], units: [{ text: lines(member, []).join("\n") }] };
  });
}
