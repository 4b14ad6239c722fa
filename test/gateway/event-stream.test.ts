import { describe, expect, it } from "vitest";
import { createEventStream } from "../../src/gateway/event-stream.ts";

/** Pushes a text in pieces of so many bytes; gives what came out, and the data of each event. */
const through = (text: string, size: number, keptBack: (data: string) => boolean = () => false) => {
  const read: string[] = [];
  const stream = createEventStream({
    read(data) {
      read.push(data);
      return keptBack(data);
    },
  });
  const bytes = Buffer.from(text);
  let out = "";
  for (let from = 0; from < bytes.length; from += size) out += stream.push(bytes.subarray(from, from + size)).toString("latin1");
  out += stream.end().toString("latin1");
  return { out: Buffer.from(out, "latin1").toString("utf8"), read };
};

const lines = 'event: a\ndata: {"é":1}\n\ndata: two\r\n\r\n: a comment\n\ndata: x\ndata: y\n\n{\n  "error": {}\n}';
const said = ['{"é":1}', "two", "", "x\ny", '{\n  "error": {}\n}'];

describe("a stream of events", () => {
  it.each([1, 2, 3, 5, 8, 1_000])("is cut into its events however it comes, and stays as it came (%i bytes at a time)", (size) => {
    expect(through(lines, size)).toEqual({ out: lines, read: said });
  });

  it.each([1, 2, 7, 1_000])("goes on without the events that are kept back (%i bytes at a time)", (size) => {
    const { out } = through(lines, size, (data) => data === "two" || data === "");
    expect(out).toBe(lines.replace("data: two\r\n\r\n", "").replace(": a comment\n\n", ""));
  });
});
