import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UsageEvent } from "../core/usage-event.ts";

const SpooledEvent = UsageEvent.extend({ at: z.coerce.date() });

/** Usage events kept on disk while the store is away. One process per folder. */
export interface Spool {
  /** Writes events to disk; they are there for good once this resolves. */
  keep(events: readonly UsageEvent[]): Promise<void>;
  /** Hands every kept event to `record`, file by file, and removes a file once all of it is recorded. Gives how many events went. */
  replay(record: (events: readonly UsageEvent[]) => Promise<void>): Promise<number>;
  /** Whether there is anything to replay, as far as this process knows. */
  waiting(): boolean;
}

const parseLine = (line: string): UsageEvent | undefined => {
  try {
    return SpooledEvent.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
};

/** Records all events of a file, then removes it; gives how many events and how many unreadable lines it held. */
const replayFile = async (
  path: string,
  record: (events: readonly UsageEvent[]) => Promise<void>,
): Promise<{ readonly events: number; readonly torn: number }> => {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  const events = lines.flatMap((line) => parseLine(line) ?? []);
  const batch = 1_000;
  for (let from = 0; from < events.length; from += batch) await record(events.slice(from, from + batch));
  const torn = lines.length - events.length;
  await (torn > 0 ? rename(path, `${path}.torn`) : rm(path));
  return { events: events.length, torn };
};

/** Opens the spool in a folder. `onTorn` is told of lines that a crash left half written; their file is kept aside as `.torn`. */
export function openSpool(folder: string, onTorn: (file: string, lines: number) => void): Spool {
  let current: string | undefined;
  let waiting = true;
  /** Files that the store refused last time: they go last, so that one bad file holds back no other. */
  const refused = new Set<string>();

  const keep = async (events: readonly UsageEvent[]): Promise<void> => {
    await mkdir(folder, { recursive: true });
    current ??= join(folder, `usage-${Date.now()}-${randomUUID()}.jsonl`);
    const file = await open(current, "a");
    try {
      await file.appendFile(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      await file.datasync();
    } finally {
      await file.close();
    }
    waiting = true;
  };

  const replay = async (record: (events: readonly UsageEvent[]) => Promise<void>): Promise<number> => {
    current = undefined;
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".jsonl"));
    const order = names.sort((a, b) => Number(refused.has(a)) - Number(refused.has(b)) || (a < b ? -1 : 1));
    let replayed = 0;
    for (const name of order) {
      refused.add(name);
      const { events, torn } = await replayFile(join(folder, name), record);
      if (torn > 0) onTorn(`${join(folder, name)}.torn`, torn);
      replayed += events;
      refused.delete(name);
    }
    waiting = current !== undefined;
    return replayed;
  };
  return { keep, replay, waiting: () => waiting };
}
