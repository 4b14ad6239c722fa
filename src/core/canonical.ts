import { hash } from "node:crypto";

/** Writes a JSON value with its keys in code-unit order and no spaces: equal values give equal text. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const members = new Map<string, unknown>(Object.entries(value));
  for (const key of [...members.keys()].sort()) {
    const member = members.get(key);
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
};

/** The SHA-256 of a text, in hex. */
export const sha256 = (text: string): string => hash("sha256", text, "hex");
