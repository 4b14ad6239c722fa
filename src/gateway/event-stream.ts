import type { EventReader } from "./endpoint.ts";

/** Passes a stream of server-sent events on, while a reader looks at each. */
export interface EventStream {
  /** Takes bytes from the provider and gives those to pass on: whole events, as they came. */
  push(chunk: Buffer): Buffer;
  /** Gives what is left when the provider has ended. */
  end(): Buffer;
}

const nothing: Buffer = Buffer.alloc(0);
/** An event larger than this is passed on unread. The last one of a response holds all of its output, images too. */
const maxEventBytes = 64 * 1024 * 1024;

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

/** The data of an event, its lines joined; empty for comments. Google tells an error as JSON that is no event: that is data too. */
const dataOf = (event: string): string => {
  if (/^\s*[[{]/.test(event)) return event.trim();
  return event
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(line[5] === " " ? 6 : 5))
    .join("\n");
};

/** Bytes of an event that is not whole yet, in the pieces in which they came. */
const createTail = () => {
  let pieces: Buffer[] = [];
  let size = 0;
  /** The end of the tail, as far as the end of an event can begin in it. */
  let seam: Buffer = nothing;
  return {
    size: () => size,
    /** Whether an event ends in these bytes, which follow the tail. */
    endsIn: (chunk: Buffer): boolean => eventEnd(seam.length === 0 ? chunk : Buffer.concat([seam, chunk]), 0) >= 0,
    add(chunk: Buffer): void {
      if (chunk.length === 0) return;
      pieces.push(chunk);
      size += chunk.length;
      seam = (chunk.length >= 2 ? chunk : Buffer.concat([seam, chunk])).subarray(-2);
    },
    /** Gives the tail with what follows it, and is empty then. */
    take(chunk: Buffer): Buffer {
      const whole = size === 0 ? chunk : Buffer.concat([...pieces, chunk]);
      [pieces, size, seam] = [[], 0, nothing];
      return whole;
    },
  };
};

/** Cuts a stream into its events; those that the reader keeps back are left out, every other byte stays as it came. */
export function createEventStream(reader: Pick<EventReader, "read">): EventStream {
  const keptBack = (event: Buffer): boolean => reader.read(dataOf(event.toString("utf8")));
  const tail = createTail();
  const push = (chunk: Buffer): Buffer => {
    if (tail.size() + chunk.length <= maxEventBytes && !tail.endsIn(chunk)) {
      tail.add(chunk);
      return nothing;
    }
    const bytes = tail.take(chunk);
    const kept: Buffer[] = [];
    let passedTo = 0;
    let from = 0;
    for (let end = eventEnd(bytes, 0); end >= 0; end = eventEnd(bytes, from)) {
      if (keptBack(bytes.subarray(from, end))) {
        kept.push(bytes.subarray(passedTo, from));
        passedTo = end;
      }
      from = end;
    }
    if (bytes.length - from > maxEventBytes) from = bytes.length;
    tail.add(bytes.subarray(from));
    const rest = bytes.subarray(passedTo, from);
    return kept.length === 0 ? rest : Buffer.concat([...kept, rest]);
  };
  const end = (): Buffer => {
    const rest = tail.take(nothing);
    return rest.length > 0 && keptBack(rest) ? nothing : rest;
  };
  return { push, end };
}
