import type { AnswerStream } from "./carrier.ts";
import { createEventStream } from "./event-stream.ts";

/** Cuts a stream into what its events hold. */
const createCutter = (): ((bytes: Buffer, last: boolean) => string[]) => {
  let found: string[] = [];
  const events = createEventStream({
    read(data) {
      if (data !== "") found.push(data);
      return true;
    },
  });
  return (bytes, last) => {
    events.push(bytes);
    if (last) events.end();
    const cut = found;
    found = [];
    return cut;
  };
};

/**
 * Gives a stream of events to its caller as one JSON array with an element for each, as Google's API streams where no events
 * were asked for. A stream that fails ends in an element that holds the error.
 */
export function asJsonArray(stream: AnswerStream): AnswerStream {
  const cut = createCutter();
  let before = "[";
  const written = (elements: readonly string[]): string =>
    elements.reduce((text, element) => {
      const more = `${text}${before}${element}`;
      before = ",\r\n";
      return more;
    }, "");
  const closing = (): string => (before === "[" ? "[]" : "]");
  return {
    contentType: "application/json; charset=UTF-8",
    push: (chunk) => Buffer.from(written(cut(stream.push(chunk), false))),
    end() {
      const rest = written(cut(stream.end(), true));
      const { complete, failed } = stream.facts();
      return Buffer.from(complete || failed ? rest + closing() : rest);
    },
    facts: stream.facts,
    // Of an error that is told in two ways, one element is enough.
    errorEvent: (api) => written(createCutter()(Buffer.from(stream.errorEvent(api)), true).slice(-1)) + closing(),
  };
}
