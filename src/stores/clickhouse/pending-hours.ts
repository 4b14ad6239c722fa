import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Database } from "./database.ts";
import type { OrgHour } from "./rollups.ts";

/** The hours that are being written to, noted before the first event is stored, so that a killed writer's hours are found. */
export interface PendingHours {
  /** Says that events of these hours are about to be stored. */
  begin(hours: readonly OrgHour[]): Promise<void>;
  /** Says that the sums of these hours hold what was stored since `begin`. */
  settle(hours: readonly OrgHour[]): void;
  /** Says that a write to these hours failed: they count as left behind from now on. */
  drop(hours: readonly OrgHour[]): void;
  /** Takes back the notes of hours that nothing is being written to: all of them, or those that are over. */
  close(which: "all" | "over"): Promise<void>;
  /** Hours that a writer left behind, of this process or another. */
  leftBehind(): Promise<readonly OrgHour[]>;
  /** Forgets what was left behind by writers that cannot be writing any more; the sums of those hours must be up to date. */
  forgetLeftBehind(): Promise<void>;
}

const keyOf = ({ orgId, hour }: OrgHour): string => `${orgId} ${hour}`;
const Left = z.object({ orgId: z.string(), hour_text: z.string() });

interface Note {
  readonly hour: OrgHour;
  /** A note is never opened again: what is noted as done stays done. */
  readonly writer: string;
  writes: number;
}

/** Conditions on notes that were left behind: of another process only once they are so old, of this one once they are not open any more. */
const leftFor = (seconds: number): string =>
  `done = 0 AND writer NOT IN {open:Array(String)} AND (startsWith(writer, {process:String}) OR since < now64(3) - INTERVAL ${seconds} SECOND)`;

/** The notes that this process has open. */
function openNotes(process: string) {
  const open = new Map<string, Note>();
  let notes = 0;
  return {
    params: () => ({ process, open: [...open.values()].map(({ writer }) => writer) }),
    /** Counts a write to each hour; gives the notes that are new. */
    begin(hours: readonly OrgHour[]): readonly Note[] {
      const fresh: Note[] = [];
      for (const hour of hours) {
        let note = open.get(keyOf(hour));
        if (note === undefined) {
          notes += 1;
          note = { hour, writer: `${process}/${notes}`, writes: 0 };
          open.set(keyOf(hour), note);
          fresh.push(note);
        }
        note.writes += 1;
      }
      return fresh;
    },
    settle(hours: readonly OrgHour[]): void {
      for (const hour of hours) {
        const note = open.get(keyOf(hour));
        if (note !== undefined) note.writes -= 1;
      }
    },
    drop(hours: readonly OrgHour[]): void {
      for (const hour of hours) open.delete(keyOf(hour));
    },
    /** Takes out the notes of hours before `end` that nothing is being written to. */
    takeIdle(end: string | undefined): readonly Note[] {
      const idle = [...open.values()].filter(({ hour, writes }) => writes <= 0 && (end === undefined || hour.hour < end));
      for (const { hour } of idle) open.delete(keyOf(hour));
      return idle;
    },
  };
}

/** `alone`: no other process can be writing to this database, so that what others left behind is of dead ones. */
export function createPendingHours(database: Database, alone: boolean): PendingHours {
  const notes = openNotes(randomUUID());
  const table = `${database.name}.usage_pending`;
  const write = async (list: readonly Note[], done: 0 | 1): Promise<void> => {
    const rows = list.map(({ hour: { orgId, hour }, writer }) => ({ org_id: orgId, hour, writer, done }));
    if (rows.length > 0) await database.insert("usage_pending", rows, "note hours that are written to");
  };
  return {
    begin: (hours) => write(notes.begin(hours), 0),
    settle: (hours) => notes.settle(hours),
    drop: (hours) => notes.drop(hours),
    close: (which) =>
      write(notes.takeIdle(which === "all" ? undefined : `${new Date().toISOString().slice(0, 13).replace("T", " ")}:00:00`), 1),
    async leftBehind() {
      const sql = `SELECT DISTINCT org_id AS orgId, toString(hour) AS hour_text FROM ${table} FINAL WHERE ${leftFor(alone ? 0 : 60)}`;
      const rows = await database.rows(Left, { sql, params: notes.params() }, "look for hours that a writer left behind");
      return rows.map(({ orgId, hour_text: hour }) => ({ orgId, hour }));
    },
    async forgetLeftBehind() {
      const sql = `INSERT INTO ${table} (org_id, hour, writer, since, done) SELECT org_id, hour, writer, since, 1 FROM ${table} FINAL WHERE ${leftFor(alone ? 0 : 24 * 3_600)}`;
      await database.command({ sql, params: notes.params() }, "forget hours that a writer left behind");
    },
  };
}
