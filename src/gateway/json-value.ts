/** The value of a JSON text; undefined where it is none. */
export const jsonValueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What stands at a path of member names and positions; undefined where nothing does. */
export const memberAt = (value: unknown, ...path: readonly (string | number)[]): unknown => {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    const next: unknown = Reflect.get(at, step);
    at = next;
  }
  return at;
};

/** A text, or none where the value is something else. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The elements of a list, or none where the value is something else. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
