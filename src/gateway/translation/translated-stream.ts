import { assertNever } from "../../core/errors.ts";
import type { AnswerStream } from "../carrier.ts";
import type { StreamFacts } from "../endpoint.ts";
import { refuse } from "../errors.ts";
import { createEventStream } from "../event-stream.ts";
import type { Call } from "../json-call.ts";
import type { AnswerEvent } from "./answer.ts";
import type { CallerDialect, EventWriter, ProviderDialect, Stamp } from "./dialect.ts";
import { withTools } from "./with-tools.ts";

type Begun = Extract<AnswerEvent, { type: "text" | "thinking" | "toolCall" | "arguments" }>;

const tellPart = (writer: EventWriter, event: Begun): string => {
  switch (event.type) {
    case "text":
      return writer.text(event.text);
    case "thinking":
      return writer.thinking(event.text);
    case "toolCall":
      return writer.toolCall(event);
    case "arguments":
      return writer.arguments(event.text);
    default:
      return assertNever(event);
  }
};

/** Tells the events of one answer in the caller's format: its beginning and its end once each, and nothing after that. */
const createTelling = (writer: EventWriter, said: () => StreamFacts, calledModel: string) => {
  let state: "new" | "started" | "finished" | "failed" = "new";
  let calls = false;
  let refused = false;
  const facts = (): StreamFacts => {
    const known = said();
    const why = refused ? "filter" : known.finish;
    const finish = known.complete && calls ? withTools(why ?? "stop", calls) : why;
    return { ...known, finish, failed: known.failed || state === "failed" };
  };
  const start = (id = "", model = ""): string => {
    if (state !== "new") return "";
    state = "started";
    return writer.started({ id, model: model || (said().model ?? calledModel) });
  };
  /** Says how the answer ended, with the provider's own usage. */
  const finish = (stopSequence?: string): string => {
    if (state === "finished" || state === "failed") return "";
    const begun = start();
    state = "finished";
    const { finish: why, tokens } = facts();
    return begun + writer.finish({ finish: why ?? withTools("stop", calls), stopSequence, tokens });
  };
  const tell = (event: AnswerEvent): string => {
    if (state === "finished" || state === "failed") return "";
    if (event.type === "started") return start(event.id, event.model);
    if (event.type === "failed") {
      state = "failed";
      return writer.fail(refuse.badUpstream(event.message).api);
    }
    if (event.type === "ended") {
      refused = event.refused ?? false;
      return finish(event.stopSequence);
    }
    calls ||= event.type === "toolCall";
    return start() + tellPart(writer, event);
  };
  return { facts, tell, finish };
};

/** A provider's stream, event by event in the caller's format. */
export const translatedStream = (
  caller: CallerDialect,
  provider: ProviderDialect,
  { call, model }: { readonly call: Call; readonly model: string },
  stamp: Stamp,
): AnswerStream => {
  const metered = provider.endpoint.readEvents(call);
  const reader = provider.readEvents(stamp);
  const writer = caller.writeEvents(call, stamp);
  const telling = createTelling(writer, metered.facts, model);
  let told: string[] = [];
  const events = createEventStream({
    read: (data) => {
      metered.read(data);
      told.push(...reader.read(data).map(telling.tell));
      return true;
    },
  });
  const take = (unread: Buffer): string => {
    if (unread.length > 0) throw refuse.badUpstream("The provider sent an event that is too large to be translated.");
    const text = told.join("");
    told = [];
    return text;
  };
  return {
    push: (chunk) => Buffer.from(take(events.push(chunk))),
    /** Not every provider marks the end of its answer; one that is not whole is not ended. */
    end: () => Buffer.from(take(events.end()) + (metered.facts().complete ? telling.finish() : "")),
    facts: telling.facts,
    errorEvent: writer.fail,
  };
};
