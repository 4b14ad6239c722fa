import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { noTokens, type Tokens } from "../../../src/core/tokens.ts";
import { carrierFor } from "../../../src/gateway/carriers.ts";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { responses } from "../../../src/gateway/providers/openai/responses.ts";
import { Answer, type AnswerPart } from "../../../src/gateway/translation/answer.ts";
import type { CallerDialect, EventWriter, ProviderDialect } from "../../../src/gateway/translation/dialect.ts";
import { callerDialects, providerDialects } from "../../../src/gateway/translation/dialects.ts";
import { jsonObjectOf } from "../../../src/gateway/translation/wire.ts";
import { callOf } from "./arbitraries.ts";
import { eventMisfits, misfits } from "./openai-wire.ts";

let made = 0;
const stamp = { created: 1_764_000_000, newId: () => `new${(made += 1)}` };

const text = fc.oneof(
  fc.string({ minLength: 1, unit: "binary" }),
  fc.constantFrom("Grüezi 👋", 'data: {"a":1}\n\ndata: [DONE]\n\n', "\r\n\r\n"),
);
const args = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => jsonObjectOf(JSON.stringify(value)) ?? {});
const count = fc.integer({ min: 0, max: 1_000_000 });
const tokens: fc.Arbitrary<Tokens> = fc
  .record({ input: count, cache_read: count, output: count, reasoning: count })
  .map((counted) => ({ ...noTokens, ...counted }));

/** Answers that every family can give: text first, calls after it. */
const answers: fc.Arbitrary<Answer> = fc
  .record({
    said: fc.option(text, { nil: undefined }),
    calls: fc.array(fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), args }), { maxLength: 3 }),
    ended: fc.constantFrom("stop" as const, "length" as const, "filter" as const),
    tokens,
  })
  .map(({ said, calls, ended, tokens: used }) => ({
    id: "a1",
    model: "some-model",
    parts: [
      ...(said === undefined ? [] : [{ type: "text" as const, text: said }]),
      ...calls.map(({ name, args: given }, n): AnswerPart => ({ type: "toolCall", id: `call_${n}`, name, arguments: given })),
    ],
    finish: ended === "stop" && calls.length > 0 ? "tool" : ended,
    tokens: used,
  }));

/** Tells an answer piece by piece. */
const streamed = (writer: EventWriter, answer: Answer, pieces: number): string =>
  writer.started(answer) +
  answer.parts
    .map((part) => {
      const whole = part.type === "toolCall" ? JSON.stringify(part.arguments) : part.text;
      const letters = Array.from(whole);
      const cut = Array.from({ length: pieces }, (_, n) =>
        letters.slice(Math.floor((n * letters.length) / pieces), Math.floor(((n + 1) * letters.length) / pieces)).join(""),
      ).filter((piece) => piece !== "");
      if (part.type === "toolCall") return writer.toolCall(part) + cut.map((piece) => writer.arguments(piece)).join("");
      return cut.map((piece) => writer[part.type](piece)).join("");
    })
    .join("") +
  writer.finish(answer);

/** The data of each event of a stream. */
const eventsOf = (stream: string): string[] =>
  stream.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []))
      .join("\n"),
  );

/** Reads a stream of a family's into an answer. */
const readStream = (provider: ProviderDialect, stream: string): Answer => {
  const reader = provider.readEvents(stamp);
  const metered = provider.endpoint.readEvents(asksUsage);
  const parts: (Exclude<AnswerPart, { type: "toolCall" }> | { type: "toolCall"; id: string; name: string; json: string })[] = [];
  let [id, model] = ["", ""];
  for (const data of eventsOf(stream)) {
    metered.read(data);
    for (const said of reader.read(data)) {
      const last = parts.at(-1);
      if (said.type === "started") [id, model] = [said.id, said.model];
      else if (said.type === "text" && last?.type === "text") last.text += said.text;
      else if (said.type === "text" || said.type === "thinking") parts.push({ ...said });
      else if (said.type === "toolCall") parts.push({ ...said, json: "" });
      else if (said.type === "arguments" && last?.type === "toolCall") last.json += said.text;
    }
  }
  const { finish = "stop", tokens: used } = metered.facts();
  const whole = parts.map((part): AnswerPart => {
    if (part.type !== "toolCall") return part;
    return { type: "toolCall", id: part.id, name: part.name, arguments: jsonObjectOf(part.json) ?? {} };
  });
  return { id, model, parts: whole, finish, tokens: used };
};

const asksUsage = callOf({ model: "asked-for", stream: true, stream_options: { include_usage: true } }, true);

const families = [
  { family: "openai" as const, endpoint: chatCompletions },
  { family: "anthropic" as const, endpoint: messages },
  { family: "gemini" as const, endpoint: generateContent },
];

const callerOf = (endpoint: typeof messages): CallerDialect => {
  const caller = callerDialects.get(endpoint);
  if (caller === undefined) throw new Error("no dialect");
  return caller;
};

describe.each(families)("an answer in the format of $family", ({ family, endpoint }) => {
  const caller = callerOf(endpoint);
  const provider = providerDialects[family];

  it("says all that an answer says: reading what was written gives the same", () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const body: unknown = JSON.parse(JSON.stringify(caller.writeAnswer(answer, callOf({}), stamp)));
        const facts = provider.endpoint.readAnswer(JSON.stringify(body));
        const read = provider.readAnswer(body, facts ?? { failed: true }, stamp);
        expect(read).toEqual(answer);
        expect(Answer.safeParse(read).success).toBe(true);
        expect(family === "openai" ? misfits("CreateChatCompletionResponse", body) : []).toEqual([]);
      }),
    );
  });

  it("says the same piece by piece", () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 4 }), (answer, pieces) => {
        const stream = streamed(caller.writeEvents(asksUsage, stamp), answer, pieces);
        expect(readStream(provider, stream)).toEqual(answer);
        const chunks = family === "openai" ? eventsOf(stream).filter((data) => data.startsWith("{")) : [];
        expect(chunks.flatMap((data) => misfits("CreateChatCompletionStreamResponse", JSON.parse(data)))).toEqual([]);
      }),
    );
  });
});

const pairs = families.flatMap((from) =>
  [...families.map(({ endpoint }) => endpoint), responses]
    .filter((to) => to.family.name !== from.family)
    .map((to) => ({ from: from.family, told: to.path, provider: from, to })),
);

describe.each(pairs)("a stream of $from's, told at $told", ({ provider, to }) => {
  const carrier = carrierFor(to, provider.family);
  const tell = (stream: Buffer, cuts: readonly number[]): string => {
    const telling = carrier?.stream(asksUsage, "called");
    const told: Buffer[] = [];
    let from = 0;
    for (const cut of [...cuts, stream.length]) {
      told.push(telling?.push(stream.subarray(from, cut)) ?? Buffer.alloc(0));
      from = cut;
    }
    told.push(telling?.end() ?? Buffer.alloc(0));
    expect(telling?.facts()).toMatchObject({ complete: true, failed: false });
    return Buffer.concat(told)
      .toString("utf8")
      .replaceAll(/(msg|fc|resp|call)_[0-9a-f]{32}/g, "$1_new")
      .replaceAll(/"(created(?:_at)?)":\d+/g, '"$1":1');
  };

  it("is the same answer, wherever its bytes are cut", () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(), { maxLength: 8 }), (answer, pieces, places) => {
        const stream = Buffer.from(streamed(callerOf(provider.endpoint).writeEvents(asksUsage, stamp), answer, pieces));
        const cuts = places.map((place) => place % stream.length).toSorted((a, b) => a - b);
        const whole = tell(stream, []);
        expect(tell(stream, cuts)).toBe(whole);
        const expectTold = to === responses ? expectResponse : expectAnswer(providerDialects[to.family.name]);
        expectTold(whole, answer);
      }),
      { numRuns: 60 },
    );
  });
});

const expectAnswer =
  (provider: ProviderDialect) =>
  (stream: string, answer: Answer): void => {
    expect(readStream(provider, stream)).toEqual(answer);
  };

const Event = z.looseObject({
  type: z.string(),
  response: z.looseObject({ output: z.array(z.unknown()), status: z.string() }).optional(),
});

/** A streamed response, checked event by event by OpenAI's own schemas, and by what its last event holds. */
const expectResponse = (stream: string, answer: Answer): void => {
  const events = stream
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => Event.parse(JSON.parse(event.slice(event.indexOf("data: ") + 6))));
  for (const event of events) expect(eventMisfits(event)).toEqual([]);
  const last = events.at(-1)?.response;
  const calls = answer.parts.flatMap((part) =>
    part.type === "toolCall" ? [{ call_id: part.id, arguments: JSON.stringify(part.arguments) }] : [],
  );
  const texts = answer.parts.flatMap((part) => (part.type === "text" ? [{ content: [{ text: part.text }] }] : []));
  expect(last?.output).toMatchObject([...texts, ...calls]);
  expect(last?.status).toBe(["length", "filter"].includes(answer.finish) ? "incomplete" : "completed");
};
