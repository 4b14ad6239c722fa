/** Every dotted path to a plain value in an object. */
export const keyPaths = (value: unknown, prefix = ""): readonly string[] =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? [prefix]
    : Object.entries(value).flatMap(([key, member]) => keyPaths(member, prefix === "" ? key : `${prefix}.${key}`));
