import type { Tier } from "../../../core/price.ts";
import type { Tokens } from "../../../core/tokens.ts";
import { type AnswerFacts, readAnswer } from "./response.ts";

/** What a stream has said so far. */
export interface StreamFacts {
  readonly model: string | undefined;
  readonly tier: Tier | undefined;
  readonly tokens: Tokens | undefined;
  /** True once the stream has said that it is whole. */
  readonly complete: boolean;
  /** True where the provider sent an error in the stream. */
  readonly failed: boolean;
}

/** Reads a stream of server-sent events on its way to the client. */
export interface StreamReader {
  /** Takes bytes from the provider and gives those to pass on: whole events, as they came. */
  push(chunk: Buffer): Buffer;
  /** Gives what is left when the provider has ended. */
  end(): Buffer;
  facts(): StreamFacts;
}

const nothing: Buffer = Buffer.alloc(0);
/** An event larger than this is passed on unread. */
const maxEventBytes = 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Where the event that begins at `from` ends, its blank line included; -1 where it is not whole yet. */
const eventEnd = (bytes: Buffer, from: number): number => {
  for (let at = bytes.indexOf(lineFeed, from); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at + 1] === lineFeed) return at + 2;
    if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3;
  }
  return -1;
};

/** The data of an event, its lines joined; empty for comments. */
const dataOf = (event: string): string =>
  event
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(line[5] === " " ? 6 : 5))
    .join("\n");

const mayMatter = /"usage"\s*:\s*\{|"error"\s*:/;

/** Reads single events and remembers what they say. */
function createEventReader(stripUsage: boolean): { read(bytes: Buffer): boolean; facts(): StreamFacts } {
  let model: string | undefined;
  let tier: Tier | undefined;
  let tokens: Tokens | undefined;
  let done = false;
  let failed = false;
  let last = "";
  const learn = (facts: AnswerFacts): void => {
    model = facts.model ?? model;
    tier = facts.tier ?? tier;
    tokens = facts.tokens ?? tokens;
    failed ||= facts.failed;
  };
  /** Reads one event; true where it is to be kept from the client. */
  const read = (bytes: Buffer): boolean => {
    const data = dataOf(bytes.toString("utf8"));
    if (data.trim() === "[DONE]") done = true;
    else if (data !== "") last = data;
    if (model !== undefined && !mayMatter.test(data)) return false;
    const facts = readAnswer(data);
    if (facts === undefined) return false;
    learn(facts);
    return stripUsage && facts.choices === 0 && facts.tokens !== undefined && !facts.failed;
  };
  const complete = (): boolean => done || tokens !== undefined || readAnswer(last)?.finished === true;
  return { read, facts: () => ({ model, tier, tokens, complete: complete(), failed }) };
}

/** Reads model, tier, usage and ending out of OpenAI's chat stream; with `stripUsage` the chunk that holds nothing but usage is kept back. */
export function createStreamReader(stripUsage: boolean): StreamReader {
  const events = createEventReader(stripUsage);
  let tail: Buffer = nothing;
  const push = (chunk: Buffer): Buffer => {
    const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    const kept: Buffer[] = [];
    let passedTo = 0;
    let from = 0;
    for (let end = eventEnd(bytes, 0); end >= 0; end = eventEnd(bytes, from)) {
      if (events.read(bytes.subarray(from, end))) {
        kept.push(bytes.subarray(passedTo, from));
        passedTo = end;
      }
      from = end;
    }
    if (bytes.length - from > maxEventBytes) from = bytes.length;
    tail = bytes.subarray(from);
    const rest = bytes.subarray(passedTo, from);
    return kept.length === 0 ? rest : Buffer.concat([...kept, rest]);
  };
  const end = (): Buffer => {
    const rest = tail;
    tail = nothing;
    return rest.length > 0 && events.read(rest) ? nothing : rest;
  };
  return { push, end, facts: events.facts };
}
