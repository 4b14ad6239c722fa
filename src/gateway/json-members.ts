/** A member of a JSON object: its key, and where its value stands in the text. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const blank = /[\s,:]*/y;
const structure = /["{}[\]]/g;
const scalarEnd = /[,}\]\s]/g;

const skipBlank = (text: string, at: number): number => {
  blank.lastIndex = at;
  blank.test(text);
  return blank.lastIndex;
};

/** The place after a string that begins at `at`. */
const stringEnd = (text: string, at: number): number => {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
};

const nestedEnd = (text: string, at: number): number => {
  let depth = 0;
  structure.lastIndex = at;
  for (let match = structure.exec(text); match !== null; match = structure.exec(text)) {
    if (match[0] === '"') structure.lastIndex = stringEnd(text, match.index);
    else depth += match[0] === "{" || match[0] === "[" ? 1 : -1;
    if (depth === 0) return match.index + 1;
  }
  return text.length;
};

const valueEnd = (text: string, at: number): number => {
  if (text[at] === '"') return stringEnd(text, at);
  if (text[at] === "{" || text[at] === "[") return nestedEnd(text, at);
  scalarEnd.lastIndex = at;
  return scalarEnd.exec(text)?.index ?? text.length;
};

/** The members of a JSON object's top level, without parsing their values. The text must be one whole, valid JSON object. */
export function* objectMembers(text: string): Generator<Member> {
  let at = skipBlank(text, text.indexOf("{") + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const start = skipBlank(text, keyEnd);
    const end = valueEnd(text, start);
    yield { key: String(key), start, end };
    at = skipBlank(text, end);
  }
}
