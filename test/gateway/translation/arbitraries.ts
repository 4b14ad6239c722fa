import * as fc from "fast-check";
import type { Call } from "../../../src/gateway/json-call.ts";
import type { Content, Format, Part, Prompt, Reasoning, Tool, ToolChoice, Turn } from "../../../src/gateway/translation/prompt.ts";
import { jsonObjectOf } from "../../../src/gateway/translation/wire.ts";

/** A call as an endpoint reads it. */
export const callOf = (body: unknown, stream = false): Call => {
  const text = JSON.stringify(body);
  const parsed: unknown = JSON.parse(text);
  const fields = typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  return { bytes: Buffer.from(text), fields, model: "asked-for", stream, user: "", query: "" };
};

/** What one API can say of a prompt. */
export interface Reach {
  readonly documentNames: boolean;
  readonly failedResults: boolean;
  readonly strictTools: boolean;
  readonly onlySomeTools: boolean;
  /** False: one at a time, or it is not said. */
  readonly parallelTrue: boolean;
  readonly noParallel: boolean;
  readonly formats: readonly Format[];
  readonly topK: boolean;
  readonly seedAndPenalties: boolean;
  readonly maxTemperature: number;
  readonly alwaysMaxTokens: boolean;
  readonly reasonings: readonly Reasoning[];
  /** Whether a model that thinks takes no temperature. */
  readonly thinksAtOne: boolean;
}

const word = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,12}$/);
/** Any text, with what breaks careless cutting: quotes, lines, data: and characters of several bytes. */
const text = fc.oneof(
  fc.string({ minLength: 1, unit: "binary" }),
  fc.constantFrom("Grüezi 👋", 'data: {"a":1}\n\ndata: [DONE]\n\n', "event: x\r\n\r\n", '"\\', "\u2028"),
);
const base64 = fc.base64String({ minLength: 4, maxLength: 40 });
const webUrl = fc.webPath().map((path) => `https://example.com${path}`);

const textPart = text.map((said): Content => ({ type: "text", text: said }));
const source = fc.oneof(
  base64.map((data) => ({ kind: "base64" as const, mediaType: "image/png", data })),
  webUrl.map((url) => ({ kind: "url" as const, url })),
);
const image = source.map((from): Content => ({ type: "image", source: from }));
const document = (names: boolean): fc.Arbitrary<Content> =>
  base64.map((data) => ({
    type: "document",
    source: { kind: "base64", mediaType: "application/pdf", data },
    ...(names ? { name: "bill.pdf" } : {}),
  }));

const said = ({ documentNames }: Reach): fc.Arbitrary<Content[]> =>
  fc.array(fc.oneof(textPart, image, document(documentNames)), { minLength: 1, maxLength: 3 });

const jsonObject = fc
  .dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .map((value) => jsonObjectOf(JSON.stringify(value)) ?? {});

interface Round {
  readonly user: Content[];
  readonly texts: Content[];
  readonly calls: { name: string; args: Record<string, unknown>; result: string; isError: boolean }[];
}

/** Turns of rounds: each call of a tool has its result in front of what the user says next. */
const turnsOf = (rounds: readonly Round[], last: Content[]): Turn[] => {
  const turns: Turn[] = [];
  let results: Part[] = [];
  for (const [at, { user, texts, calls }] of rounds.entries()) {
    turns.push({ role: "user", parts: [...results, ...user] });
    const called = calls.map((call, n) => ({ ...call, id: `call_${at}_${n}` }));
    const parts: Part[] = [...texts, ...called.map(({ id, name, args }): Part => ({ type: "toolCall", id, name, arguments: args }))];
    turns.push({ role: "assistant", parts });
    results = called.map(({ id, name, result, isError }) => ({
      type: "toolResult",
      id,
      name,
      content: [{ type: "text", text: result }],
      isError,
    }));
  }
  return [...turns, { role: "user", parts: [...results, ...last] }];
};

const turns = (reach: Reach): fc.Arbitrary<Turn[]> => {
  const isError = reach.failedResults ? fc.boolean() : fc.constant(false);
  const call = fc.record({ name: word, args: jsonObject, result: text, isError });
  const round = fc.record({
    user: said(reach),
    texts: fc.array(textPart, { minLength: 1, maxLength: 2 }),
    calls: fc.array(call, { maxLength: 3 }),
  });
  return fc.tuple(fc.array(round, { maxLength: 3 }), said(reach)).map(([rounds, last]) => turnsOf(rounds, last));
};

export const closed = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const open = { type: "object", properties: { city: { type: "string", minLength: 2 }, days: { type: "integer" } } };

const tool = ({ strictTools }: Reach): fc.Arbitrary<Tool> =>
  fc
    .record({ name: word, description: fc.option(text, { nil: undefined }), strict: strictTools ? fc.boolean() : fc.constant(false) })
    .map((one) => ({ ...one, parameters: one.strict ? closed : open }));

const toolSettings = (reach: Reach): fc.Arbitrary<Pick<Prompt, "tools" | "toolChoice" | "parallelToolCalls">> =>
  fc.uniqueArray(tool(reach), { selector: ({ name }) => name, maxLength: 3 }).chain((tools): fc.Arbitrary<Pick<Prompt, "tools">> => {
    if (tools.length === 0) return fc.constant({ tools });
    const [first] = tools;
    const choices: ToolChoice[] = [
      { mode: "auto" },
      { mode: "none" },
      { mode: "required" },
      { mode: "required", only: [first?.name ?? ""] },
    ];
    if (reach.onlySomeTools) choices.push({ mode: "auto", only: tools.map(({ name }) => name) });
    return fc.constantFrom(undefined, ...choices).chain((toolChoice) => {
      const mayForbid = reach.noParallel && toolChoice !== undefined && toolChoice.mode !== "none";
      const parallels = [undefined, ...(mayForbid ? [false] : []), ...(reach.parallelTrue ? [true] : [])];
      return fc.constantFrom(...parallels).map((parallelToolCalls) => ({ tools, toolChoice, parallelToolCalls }));
    });
  });

const tenths = (most: number) =>
  fc.option(
    fc.integer({ min: 0, max: most * 10 - 1 }).map((n) => n / 10),
    { nil: undefined },
  );
const unless = <T>(wanted: boolean, arbitrary: fc.Arbitrary<T>) =>
  wanted ? fc.option(arbitrary, { nil: undefined }) : fc.constant(undefined);

/** Prompts that an API can say in full. */
export const prompts = (reach: Reach): fc.Arbitrary<Prompt> =>
  fc
    .record({
      system: fc.array(text, { maxLength: 3 }),
      turns: turns(reach),
      toolSettings: toolSettings(reach),
      format: fc.constantFrom(undefined, ...reach.formats),
      maxTokens: reach.alwaysMaxTokens
        ? fc.integer({ min: 1, max: 99_999 })
        : fc.option(fc.integer({ min: 1, max: 99_999 }), { nil: undefined }),
      temperature: tenths(reach.maxTemperature),
      topP: tenths(1),
      topK: unless(reach.topK, fc.integer({ min: 1, max: 99 })),
      stop: fc.option(fc.array(word, { minLength: 1, maxLength: 4 }), { nil: undefined }),
      seed: unless(reach.seedAndPenalties, fc.integer()),
      presencePenalty: unless(reach.seedAndPenalties, fc.constantFrom(-1.5, 0.5)),
      frequencyPenalty: unless(reach.seedAndPenalties, fc.constantFrom(-0.5, 2)),
      reasoning: fc.constantFrom(undefined, ...reach.reasonings),
      stream: fc.boolean(),
    })
    .map(({ toolSettings: settings, ...prompt }) => {
      const alone = reach.thinksAtOne && prompt.reasoning !== undefined && prompt.reasoning.effort !== "none";
      return { ...prompt, ...settings, ...(alone ? { temperature: undefined, topK: undefined } : {}) };
    });
