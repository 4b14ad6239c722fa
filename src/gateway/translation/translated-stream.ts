import type { AnswerStream } from "../carrier.ts";
import type { StreamFacts } from "../endpoint.ts";
import { refuse } from "../errors.ts";
import { createEventStream } from "../event-stream.ts";
import type { Call } from "../json-call.ts";
import type { AnswerEvent } from "./answer.ts";
import type { CallerDialect, ProviderDialect, Stamp } from "./dialect.ts";
import { withTools } from "./with-tools.ts";

/** Tells one stream of a provider's events in the caller's own. */
const createTelling = (caller: CallerDialect, provider: ProviderDialect, call: Call, stamp: Stamp) => {
  const metered = provider.endpoint.readEvents(call);
  const reader = provider.readEvents(stamp);
  const writer = caller.writeEvents(call, stamp);
  let state: "new" | "started" | "finished" | "failed" = "new";
  let calls = false;
  let refused = false;
  let stopSequence: string | undefined;

  const facts = (): StreamFacts => {
    const said = metered.facts();
    return {
      ...said,
      finish: said.finish && withTools(refused ? "filter" : said.finish, calls),
      failed: said.failed || state === "failed",
    };
  };
  const start = (id = "", model = ""): string => {
    if (state !== "new") return "";
    state = "started";
    return writer.write({ type: "started", id, model: model || (metered.facts().model ?? call.model) });
  };
  /** Tells how the answer ended, once, with the provider's own usage. */
  const finish = (): string => {
    if (state === "finished" || state === "failed") return "";
    const begun = start();
    state = "finished";
    const said = facts();
    return begun + writer.finish({ finish: said.finish ?? withTools("stop", calls), stopSequence, tokens: said.tokens });
  };
  const tell = (event: AnswerEvent): string => {
    if (state === "finished" || state === "failed") return "";
    switch (event.type) {
      case "started":
        return start(event.id, event.model);
      case "ended":
        refused = event.refused ?? false;
        stopSequence = event.stopSequence;
        return finish();
      case "failed":
        state = "failed";
        return writer.fail(refuse.badUpstream(event.message).api);
      default:
        calls ||= event.type === "toolCall";
        return start() + writer.write(event);
    }
  };
  return {
    facts,
    fail: writer.fail,
    read(data: string): string {
      metered.read(data);
      return reader.read(data).map(tell).join("");
    },
    /** What is left when the provider has ended; nothing where its answer is not whole. */
    end: (): string => (metered.facts().complete ? finish() : ""),
  };
};

/** A provider's stream, event by event in the caller's format. */
export const translatedStream = (caller: CallerDialect, provider: ProviderDialect, call: Call, stamp: Stamp): AnswerStream => {
  const telling = createTelling(caller, provider, call, stamp);
  let told: string[] = [];
  const events = createEventStream({
    read: (data) => {
      told.push(telling.read(data));
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
    end: () => Buffer.from(take(events.end()) + telling.end()),
    facts: telling.facts,
    errorEvent: telling.fail,
  };
};
