import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BilledCharge } from "../../src/core/billing.ts";
import { AppError } from "../../src/core/errors.ts";
import type { ChargeRow, FileReadOptions, FileSource, ImportedRow, ImportMapping } from "../../src/core/import.ts";
import { UsageEvent } from "../../src/core/usage-event.ts";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";

/** What a source needs to pass the suite: a small file of its own kind. */
export interface FileSourceCase {
  readonly source: FileSource;
  readonly fileName: string;
  /** The header, where there is one, with its line end. */
  readonly header: string;
  /** Two good lines, a bad one, and another good one that is the latest. */
  readonly lines: readonly [string, string, string, string];
  /** What the refusal of the bad line says. */
  readonly badReason: RegExp;
  readonly mapping: ImportMapping;
  /** Files that must lie beside it. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** Reads a file to its end. */
export async function readAll(source: FileSource, path: string, options: FileReadOptions): Promise<readonly ImportedRow[]> {
  const rows: ImportedRow[] = [];
  for await (const row of source.read(path, options, new AbortController().signal)) rows.push(row);
  return rows;
}

/** The events among rows. */
export const eventsOf = (rows: readonly ImportedRow[]): readonly UsageEvent[] => rows.flatMap((row) => ("event" in row ? [row.event] : []));

/** The lines of bills among rows. */
export const chargesOf = (rows: readonly ImportedRow[]): readonly ChargeRow[] => rows.flatMap((row) => ("charge" in row ? [row] : []));

/** The refusals among rows, as [line, reason]. */
export const refusalsOf = (rows: readonly ImportedRow[]): readonly (readonly [number, string])[] =>
  rows.flatMap((row) => ("refused" in row ? [[row.line, row.refused] as const] : []));

/** What every source of usage in files promises. */
export function fileSourceContract(name: string, testCase: FileSourceCase): void {
  const { source, header, lines, mapping } = testCase;
  const options: FileReadOptions = { orgId: "org_contract", mapping, asOf: new Date("2026-11-23T12:00:00Z") };
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "apex-source-"));
    path = join(folder, testCase.fileName);
    await writeFile(path, header + lines.map((line) => `${line}\n`).join(""));
    for (const [file, text] of Object.entries(testCase.beside ?? {})) await writeFile(join(folder, file), text);
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe(`the ${name} source`, () => {
    const firstLine = header === "" ? 1 : 2;

    it("reads good rows as usage events and refuses a bad one with its line and reason", async () => {
      const rows = await readAll(source, path, options);
      expect(rows.map((row) => row.line)).toEqual([firstLine, firstLine + 1, firstLine + 2, firstLine + 3]);
      expect(refusalsOf(rows)).toEqual([[firstLine + 2, expect.stringMatching(testCase.badReason)]]);
      for (const event of eventsOf(rows)) {
        expect(UsageEvent.parse(event)).toEqual(event);
        expect(event).toMatchObject({ source: source.source, orgId: "org_contract" });
      }
    });

    it("gives the same events each time, each with an id of its own", async () => {
      const [first, second] = [await readAll(source, path, options), await readAll(source, path, options)];
      expect(second).toEqual(first);
      expect(new Set(eventsOf(first).map((event) => event.id)).size).toBe(3);
    });

    it("keeps the ids of a file that grows, and of lines that end with CRLF", async () => {
      const ids = async (text: string): Promise<readonly string[]> => {
        const grown = join(folder, testCase.fileName);
        await writeFile(grown, text);
        return eventsOf(await readAll(source, grown, options)).map((event) => event.id);
      };
      const before = await ids(header + lines.map((line) => `${line}\n`).join(""));
      const unix = header + lines.map((line) => `${line}\n`).join("");
      expect(await ids(unix.replaceAll("\n", "\r\n"))).toEqual(before);
      expect((await ids(`${unix}${lines[3]}`)).slice(0, 3)).toEqual(before);
      await writeFile(path, unix);
    });

    it("puts the latest row just before now where the mapping says so", async () => {
      const moved = { ...options, mapping: { ...mapping, time: { ...mapping.time, origin: "end_now" as const } } };
      const times = eventsOf(await readAll(source, path, moved)).map((event) => event.at.getTime());
      expect(Math.max(...times)).toBe(options.asOf.getTime() - 1);
    });

    it("stops when it is told to", async () => {
      const stop = new AbortController();
      stop.abort();
      await expect(async () => {
        for await (const row of source.read(path, options, stop.signal)) expect(row).toBeUndefined();
      }).rejects.toThrow(/abort/i);
    });

    it("says what is wrong with a file that is not there, and with a mapping that does not fit", async () => {
      await expect(readAll(source, join(folder, "none", testCase.fileName), options)).rejects.toThrow(AppError);
      const fields = { ...mapping.fields };
      // A provider's own documents name their model themselves.
      for (const needed of Object.keys(fields).filter((field) => field === "model")) {
        delete fields[needed];
        await expect(async () => readAll(source, path, { ...options, mapping: { ...mapping, fields } })).rejects.toThrow(/"model"/);
      }
      const unknown = { ...mapping, fields: { ...mapping.fields, colour: { value: "red" } } };
      await expect(async () => readAll(source, path, { ...options, mapping: unknown })).rejects.toThrow(/"colour" is unknown/);
    });

    it("proposes a mapping for a file of its own kind alone", async () => {
      expect(await proposeMapping(path)).toMatchObject({ format: mapping.format });
      const foreign = join(folder, "foreign.txt");
      await writeFile(foreign, "Dear all,\n");
      await appendFile(foreign, "the usage is attached.\n");
      for (const other of Object.values(fileSources)) expect(await other.propose(foreign)).toBeUndefined();
    });
  });
}

/** What a source of bills needs to pass the suite: one small export, as its file's bytes. */
export interface BillFileCase {
  readonly source: FileSource;
  readonly fileName: string;
  readonly bytes: Uint8Array | string;
  readonly mapping: ImportMapping;
  /** How many rows are lines of a bill, and how many are no spend on AI. */
  readonly charges: number;
  readonly skipped: number;
  /** Rows that are no good: where they stand and what their refusal says. */
  readonly refused: readonly (readonly [number, RegExp])[];
  /** The same bill as it is exported later: one more row, and the same rows in another order. */
  readonly later: Uint8Array | string;
}

/** What every source of bills in files promises. */
export function billFileContract(name: string, testCase: BillFileCase): void {
  const { source, mapping } = testCase;
  const options: FileReadOptions = { orgId: "org_contract", mapping, asOf: new Date("2026-11-23T12:00:00Z") };
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "apex-bill-"));
    path = join(folder, testCase.fileName);
    await writeFile(path, testCase.bytes);
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe(`the ${name} source of bills`, () => {
    it("reads charges, passes over what is no AI, and refuses bad rows with line and reason", async () => {
      const rows = await readAll(source, path, options);
      expect(source.bills).toBe(true);
      for (const { charge } of chargesOf(rows)) {
        expect(BilledCharge.parse(charge)).toEqual(charge);
        expect(charge).toMatchObject({ source: source.source, orgId: "org_contract" });
      }
      expect(chargesOf(rows)).toHaveLength(testCase.charges);
      expect(rows.filter((row) => "skipped" in row)).toHaveLength(testCase.skipped);
      expect(refusalsOf(rows).map(([line]) => line)).toEqual(testCase.refused.map(([line]) => line));
      testCase.refused.forEach(([, reason], index) => {
        expect(refusalsOf(rows)[index]?.[1]).toMatch(reason);
      });
      expect(eventsOf(rows)).toEqual([]);
    });

    it("reads the same each time, and a later export as the same bill", async () => {
      const [first, second] = [await readAll(source, path, options), await readAll(source, path, options)];
      expect(second).toEqual(first);
      const later = join(folder, `later-${testCase.fileName}`);
      await writeFile(later, testCase.later);
      const origins = (rows: readonly ImportedRow[]) => new Set(chargesOf(rows).map(({ charge }) => charge.origin));
      const rows = await readAll(source, later, options);
      expect(chargesOf(rows)).toHaveLength(testCase.charges + 1);
      expect(origins(rows)).toEqual(origins(first));
    });

    it("stops when it is told to", async () => {
      const stop = new AbortController();
      stop.abort();
      await expect(async () => {
        for await (const row of source.read(path, options, stop.signal)) expect(row).toBeUndefined();
      }).rejects.toThrow(/abort/i);
    });

    it("says what is wrong with a file that is not there, and with a mapping that maps fields", async () => {
      await expect(readAll(source, join(folder, "none", testCase.fileName), options)).rejects.toThrow(AppError);
      const mapped = { ...mapping, fields: { colour: { value: "red" } } };
      await expect(async () => readAll(source, path, { ...options, mapping: mapped })).rejects.toThrow(/"colour" is unknown/);
    });

    it("proposes itself for a file of its own kind alone", async () => {
      expect(await proposeMapping(path)).toEqual(mapping);
      const foreign = join(folder, "foreign.txt");
      await writeFile(foreign, "Dear all,\nthe bill is attached.\n");
      expect(await source.propose(foreign)).toBeUndefined();
    });
  });
}
