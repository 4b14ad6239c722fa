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

/** `alone`: no other process can be writing to this database, so that what others left behind is of dead ones. */
export function createPendingHours(database: Database, alone: boolean): PendingHours {
  const process = randomUUID();
  const open = new Map<string, Note>();
  let notes = 0;
  const table = `${database.name}.usage_pending`;
  const write = (list: readonly Note[], done: 0 | 1): Promise<void> =>
    database.insert(
      "usage_pending",
      list.map(({ hour: { orgId, hour }, writer }) => ({ org_id: orgId, hour, writer, done })),
      "note hours that are written to",
    );
  // Of another process a note says nothing until it is old; of this one it is left behind once it is not open any more.
  const left = (ageSeconds: number): string =>
    `done = 0 AND writer NOT IN {open:Array(String)} AND (startsWith(writer, {process:String}) OR since < now64(3) - INTERVAL ${ageSeconds} SECOND)`;
  const params = () => ({ process, open: [...open.values()].map(({ writer }) => writer) });
  return {
    async begin(hours) {
      const fresh: Note[] = [];
      for (const hour of hours) {
        let note = open.get(keyOf(hour));
        if (note === undefined) {
          note = { hour, writer: `${process}/${(notes += 1)}`, writes: 0 };
          open.set(keyOf(hour), note);
          fresh.push(note);
        }
        note.writes += 1;
      }
      if (fresh.length > 0) await write(fresh, 0);
    },
    settle(hours) {
      for (const hour of hours) {
        const note = open.get(keyOf(hour));
        if (note !== undefined) note.writes -= 1;
      }
    },
    drop(hours) {
      for (const hour of hours) open.delete(keyOf(hour));
    },
    async close(which) {
      const now = `${new Date().toISOString().slice(0, 13).replace("T", " ")}:00:00`;
      const idle = [...open.values()].filter(({ hour, writes }) => writes <= 0 && (which === "all" || hour.hour < now));
      for (const { hour } of idle) open.delete(keyOf(hour));
      if (idle.length > 0) await write(idle, 1);
    },
    async leftBehind() {
      const sql = `SELECT DISTINCT org_id AS orgId, toString(hour) AS hour_text FROM ${table} FINAL WHERE ${left(alone ? 0 : 60)}`;
      const rows = await database.rows(Left, { sql, params: params() }, "look for hours that a writer left behind");
      return rows.map(({ orgId, hour_text: hour }) => ({ orgId, hour }));
    },
    async forgetLeftBehind() {
      const sql = `INSERT INTO ${table} (org_id, hour, writer, since, done) SELECT org_id, hour, writer, since, 1 FROM ${table} FINAL WHERE ${left(alone ? 0 : 24 * 3_600)}`;
      await database.command({ sql, params: params() }, "forget hours that a writer left behind");
    },
  };
}
