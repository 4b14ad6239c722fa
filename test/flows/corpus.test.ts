import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Role, SharedFile } from "../../src/core/conversation.ts";
import type { DocumentFile, ExportedDocument } from "../../src/core/corpus.ts";
import type { CorpusChange } from "../../src/core/corpus-change.ts";
import { isBulkUpdate } from "../../src/core/corpus-change.ts";
import { newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { corpusFor, filesTaken } from "../../src/core/shared-files.ts";
import { documentAdder, type SharedDocumentsDeps } from "../../src/flows/add-shared-documents.ts";
import { type CorpusDeps, carryOutCorpusChange, createCorpus, deletionOf, updateCorpus } from "../../src/flows/change-corpus.ts";
import { exportCorpus } from "../../src/flows/export-corpus.ts";
import { analyseForOrg, validateForOrg } from "../../src/flows/inspect-corpus.ts";
import { proposeCorpusChange } from "../../src/flows/propose-corpus-change.ts";
import { readDocuments } from "../../src/flows/read-documents.ts";
import { searchCorpus } from "../../src/flows/search-corpus.ts";
import { readDocument } from "../../src/ingest/documents/index.ts";
import { plainPdf } from "../setup/plain-pdf.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const signal = new AbortController().signal;
const now = new Date("2026-11-30T12:00:00Z");
const ada = { platform: "console" as const, workspace: "W1", userId: "ada", name: "Ada" };

describe("corpora", () => {
  let clickhouse: TestClickHouse;
  let db: TestDatabase;
  let deps: CorpusDeps;
  let corpora = 0;
  const admin = () => ({ orgId: db.orgId, member: { role: "admin" as const, name: "Ada" } });
  const request = (operation: CorpusChange, key: string = newId("approval")) => ({
    orgId: db.orgId,
    operation,
    key,
    by: { userId: newId("user"), name: "Ada" },
    now,
    progress: async () => undefined,
    signal,
  });

  beforeAll(async () => {
    [clickhouse, db] = await Promise.all([createTestClickHouse(), createTestDatabase(() => now)]);
    await db.stores.members.install(db.orgId, "console", "W1");
    deps = { corpus: clickhouse.corpus, audit: db.stores.audit, now: () => now };
  });
  afterAll(async () => {
    await Promise.all([clickhouse.drop(), db.drop()]);
  });

  const written = (document: string, text: string): ExportedDocument => ({
    document,
    title: document,
    format: "text",
    passages: [{ headings: [], place: "", text }],
  });
  async function corpusWith(count: number): Promise<string> {
    corpora += 1;
    const name = `corpus-${corpora}`;
    await createCorpus(deps, admin(), name);
    const documents = Array.from({ length: count }, (_, index) => written(`d${index}`, `text number ${index}`));
    if (count > 0) await updateCorpus(deps, admin(), name, documents);
    return name;
  }
  const textOf = async (corpus: string, document: string): Promise<string | undefined> => {
    const facts = (await deps.corpus.documents(db.orgId, corpus)).find((one) => one.document === document);
    return facts === undefined ? undefined : (await deps.corpus.passages(db.orgId, facts))[0]?.text;
  };
  const newest = async () => (await db.stores.audit.list(db.orgId, 1))[0];

  it("lets only an admin change anything, and says why not", async () => {
    const corpus = await corpusWith(1);
    const asker = { orgId: db.orgId, member: { role: "manager" as const, name: "Mia" } };
    await expect(createCorpus(deps, asker, "new")).rejects.toThrow("Only an admin may change a corpus, and your role is manager.");
    await expect(updateCorpus(deps, asker, corpus, [written("x", "x")])).rejects.toThrow("Only an admin");
    await expect(deletionOf(deps, { ...asker, member: undefined }, corpus, ["d0"])).rejects.toThrow("does not know you as a member");
    expect((await deps.corpus.documents(db.orgId, corpus)).length).toBe(1);
  });

  it("calls an update bulk by what it replaces", () => {
    expect([isBulkUpdate(0, 0), isBulkUpdate(1, 1), isBulkUpdate(1, 5), isBulkUpdate(2, 20), isBulkUpdate(10, 1_000)]).toEqual(
      Array.from({ length: 5 }, () => false),
    );
    expect([isBulkUpdate(2, 19), isBulkUpdate(11, 1_000), isBulkUpdate(2, 2)]).toEqual([true, true, true]);
  });

  it("writes a small update at once, once, and puts each into the audit trail", async () => {
    const corpus = await corpusWith(30);
    const documents = [written("d0", "changed"), written("d1", "text number 1"), written("fresh", "new")];
    expect(await updateCorpus(deps, admin(), corpus, documents)).toEqual({ done: true, outcomes: ["replaced", "unchanged", "added"] });
    expect(await newest()).toMatchObject({
      actor: "Ada",
      action: "corpus.updated",
      facts: { corpus, added: 1, replaced: 1, unchanged: 1 },
    });
    expect(await updateCorpus(deps, admin(), corpus, documents)).toEqual({ done: true, outcomes: ["unchanged", "unchanged", "unchanged"] });
    await expect(updateCorpus(deps, admin(), "nowhere", documents)).rejects.toThrow("There is no corpus nowhere.");
  });

  it("writes nothing of a bulk update until it is approved, and then exactly what was proposed, once", async () => {
    const corpus = await corpusWith(5);
    const proposed = await updateCorpus(deps, admin(), corpus, [
      written("d0", "changed 0"),
      written("d1", "changed 1"),
      written("new", "new"),
    ]);
    if (proposed.done) throw new Error("it was done at once");
    expect(proposed.change.what).toMatchObject({ verb: "update", documents: 3, replaced: 2 });
    expect([await textOf(corpus, "d0"), await textOf(corpus, "new")]).toEqual(["text number 0", undefined]);
    expect((await deps.corpus.search({ orgId: db.orgId, corpus, text: "changed", limit: 5 })).hits).toEqual([]);
    const approved = request(proposed.change);
    expect(await carryOutCorpusChange(deps, approved)).toBe(`Documents of ${corpus}: 1 added, 2 replaced, 0 unchanged.`);
    expect(await carryOutCorpusChange(deps, approved)).toBe(`Documents of ${corpus}: 0 added, 0 replaced, 3 unchanged.`);
    expect([await textOf(corpus, "d0"), await textOf(corpus, "d1"), await textOf(corpus, "new")]).toEqual([
      "changed 0",
      "changed 1",
      "new",
    ]);
    expect(await newest()).toMatchObject({ action: "corpus.updated", facts: { key: approved.key } });
  });

  it("refuses a proposal whose documents are not those that were approved", async () => {
    const corpus = await corpusWith(2);
    const proposed = await updateCorpus(deps, admin(), corpus, [written("d0", "a"), written("d1", "b")]);
    if (proposed.done || proposed.change.what.verb !== "update") throw new Error("it was done at once");
    await deps.corpus.stage(db.orgId, proposed.change.what.proposal, [written("d0", "slipped in")], now);
    await expect(carryOutCorpusChange(deps, request(proposed.change))).rejects.toThrow("are not kept any more");
    expect(await textOf(corpus, "d0")).toBe("text number 0");
  });

  it("deletes only after an approval, what was seen then, and once", async () => {
    const corpus = await corpusWith(3);
    const change = await deletionOf(deps, admin(), corpus, ["d0", "d1"]);
    expect((await deps.corpus.documents(db.orgId, corpus)).length).toBe(3);
    // A report that holds the change by itself is no approval.
    await expect(carryOutCorpusChange(deps, request(change, "run_1-0"))).rejects.toThrow("nobody gave one");
    expect((await deps.corpus.documents(db.orgId, corpus)).length).toBe(3);
    await updateCorpus(deps, admin(), corpus, [written("d1", "changed since")]);
    const approved = request(change);
    const said = await carryOutCorpusChange(deps, approved);
    expect(said).toBe(`1 of 2 documents are deleted from ${corpus}. 1 changed since it was asked for, and were left as they are.`);
    const entries = (await db.stores.audit.list(db.orgId, 500)).length;
    expect(await carryOutCorpusChange(deps, approved)).toBe(said);
    expect((await db.stores.audit.list(db.orgId, 500)).length).toBe(entries);
    expect((await deps.corpus.documents(db.orgId, corpus)).map(({ document }) => document)).toEqual(["d1", "d2"]);
    await expect(deletionOf(deps, admin(), corpus, ["d0"])).rejects.toThrow(`Not in the corpus ${corpus}: d0.`);
  });

  it("deletes a corpus whole", async () => {
    const corpus = await corpusWith(2);
    const change = await deletionOf(deps, admin(), corpus, "whole");
    expect(await carryOutCorpusChange(deps, request(change))).toContain(`The corpus ${corpus} is deleted.`);
    expect((await deps.corpus.corpora(db.orgId)).some((one) => one.corpus === corpus)).toBe(false);
  });

  it("proposes a change with an approval of its own, once for each proposal", async () => {
    const corpus = await corpusWith(1);
    const jobs: Job[] = [];
    const { inbound, runs, policies, approvals } = db.stores;
    const proposing = {
      inbound,
      runs,
      policies,
      now: () => now,
      approvalTtlMs: 3_600_000,
      jobs: { enqueue: async (job: Job) => void jobs.push(job) },
    };
    const change = await deletionOf(deps, admin(), corpus, ["d0"]);
    const { runId, approvalId } = await proposeCorpusChange(proposing, { orgId: db.orgId, author: ada, eventId: "once", change });
    const approval = await approvals.get(db.orgId, approvalId);
    expect([approval.status, approval.recommendation.operation]).toEqual(["pending", change]);
    expect(jobs).toEqual([{ name: "deliver", runId, seq: 1 }]);
    await expect(proposeCorpusChange(proposing, { orgId: db.orgId, author: ada, eventId: "once", change })).rejects.toThrow(
      "stands already",
    );
  });

  it("exports what imports again to the very same, and refuses a broken export whole", async () => {
    const [from, to] = [await corpusWith(0), await corpusWith(0)];
    const files: DocumentFile[] = [
      { name: "policy.md", bytes: Buffer.from("# Policy\n\nGröße “quoted” \\ back.\n\n## Part\n\nMore.") },
      { name: "page.html", bytes: Buffer.from("<h1>Page</h1><p>Text &amp; more") },
      { name: "table.csv", bytes: Buffer.from("a,b\n1,2\n3,4\n") },
      { name: "list.json", bytes: Buffer.from('{"a":[1,2],"b":"x"}') },
      { name: "paper.pdf", bytes: plainPdf([["A page."], ["Another page."]]) },
      { name: "odd.xyz", bytes: Buffer.from("x") },
    ];
    const read = await readDocuments(readDocument, files, signal);
    expect(read.refused.map(({ name }) => name)).toEqual(["odd.xyz"]);
    await updateCorpus(deps, admin(), from, read.documents);
    const linesOf = async (corpus: string) => {
      let text = "";
      for await (const line of exportCorpus(deps, { orgId: db.orgId, corpus, actor: "Ada" })) text += line;
      return text;
    };
    const exported = await linesOf(from);
    expect(exported.trim().split("\n").length).toBe(5);
    const again = await readDocuments(readDocument, [{ name: "export.jsonl", bytes: Buffer.from(exported) }], signal);
    await updateCorpus(deps, admin(), to, again.documents);
    expect(await linesOf(to)).toBe(exported);
    const hashes = async (corpus: string) => (await deps.corpus.documents(db.orgId, corpus)).map(({ versionHash }) => versionHash);
    expect(await hashes(to)).toEqual(await hashes(from));
    const broken = `${exported}{"document":"x","title":"x","format":"exe","passages":[]}\n`;
    expect(await readDocuments(readDocument, [{ name: "e.jsonl", bytes: Buffer.from(broken) }], signal)).toEqual({
      documents: [],
      refused: [{ name: "e.jsonl", sentence: "e.jsonl, line 6, is no document of an export (format). Nothing of it is imported." }],
    });
  });

  it("finds what is wrong, and what is old or said twice", async () => {
    const corpus = await corpusWith(0);
    const documents = [
      written("a.md", "See limits.csv and b.md, and https://example.com/page.html."),
      written("b.md", "Broken \u{fffd} text"),
      written("copy.md", "Broken \u{fffd} text"),
      written("empty.md", "—"),
      written("long.md", Array.from({ length: 501 }, (_, index) => `w${index}`).join(" ")),
    ].map((one) => ({ ...one, title: "t" }));
    await updateCorpus(
      deps,
      admin(),
      corpus,
      documents.map((one) => (one.document === "empty.md" ? { ...one, title: "—" } : one)),
    );
    const { problems } = await validateForOrg(deps, { orgId: db.orgId, corpus, actor: "Ada" });
    expect(problems.map(({ document, problem }) => `${document}: ${problem}`).sort()).toEqual([
      "a.md: dangling",
      "b.md: unreadable characters",
      "copy.md: duplicate",
      "copy.md: unreadable characters",
      "empty.md: empty",
      "long.md: too long",
    ]);
    expect(problems.find(({ problem }) => problem === "dangling")?.sentence).toBe("it names limits.csv, which is not in the corpus.");
    const later = { ...deps, now: () => new Date(now.getTime() + 181 * 24 * 3_600_000) };
    const analysis = await analyseForOrg(later, { orgId: db.orgId, corpus, actor: "Ada" });
    expect(analysis.duplicates).toEqual([["b.md", "copy.md"]]);
    expect(analysis.stale.length).toBe(5);
    expect((await analyseForOrg(deps, { orgId: db.orgId, corpus, actor: "Ada" })).stale).toEqual([]);
  });

  it("searches for any member, and keeps of the words only their hash", async () => {
    const corpus = await corpusWith(3);
    const { hits } = await searchCorpus(deps, { orgId: db.orgId, corpus, text: "number", limit: 5 }, "Mia");
    expect(hits.length).toBe(3);
    expect(await newest()).toMatchObject({ actor: "Mia", action: "corpus.searched", facts: { corpus, hits: 3 } });
    expect(JSON.stringify((await newest())?.facts)).not.toContain("number");
    await expect(searchCorpus(deps, { orgId: db.orgId, text: " ", limit: 5 }, "Mia")).rejects.toThrow("Say what to look for");
    await expect(searchCorpus(deps, { orgId: db.orgId, corpus: "nowhere", text: "x", limit: 5 }, "Mia")).rejects.toThrow(
      "There is no corpus nowhere.",
    );
  });

  describe("files shared in a conversation", () => {
    const file = (name: string): SharedFile => ({ id: name, name, url: "https://files.example/x", size: 3 });
    const contents: Readonly<Record<string, string>> = { "a.md": "# Rules\n\nBe kind.", d0: "x", "b.docx": "x" };
    const run = (asker: typeof ada) => ({
      id: newId("run"),
      orgId: db.orgId,
      threadId: newId("thread"),
      thread: { platform: "console" as const, workspace: "W1", channel: "C1", thread: "" },
      question: "",
      asker,
      earlier: [],
      status: "queued" as const,
      createdAt: now,
      asOf: now,
    });
    async function share(names: readonly string[], corpus: string, role: Role) {
      const asker = { ...ada, userId: `${role}-${randomUUID()}` };
      await db.stores.members.grant(db.orgId, asker, role);
      const openFile = async ({ name }: SharedFile) =>
        (async function* () {
          yield Buffer.from(contents[name] ?? "");
        })();
      const read: SharedDocumentsDeps["read"] = (files, stop) => readDocuments(readDocument, files, stop);
      const adder = documentAdder({ ...deps, members: db.stores.members, adapterFor: () => ({ openFile }), read }, names.map(file), corpus);
      const events = [];
      for await (const event of adder.analyse(run(asker), [], signal)) events.push(event);
      const last = events.at(-1);
      if (last?.type !== "report.ready") throw new Error("no report");
      return last.report;
    }

    it("become documents of the corpus that the words name, for an admin", async () => {
      const corpus = await corpusWith(0);
      const report = await share(["a.md", "b.docx"], corpus, "admin");
      expect(report.summary).toBe(`Documents of the corpus ${corpus}: 1 added, 0 replaced, 0 unchanged, 1 refused.`);
      expect(JSON.stringify(report.blocks)).toContain("b.docx is no document that can be read");
      expect(await textOf(corpus, "a.md")).toBe("Be kind.");
      const refused = await share(["a.md"], corpus, "manager");
      expect([refused.title, refused.summary]).toEqual([
        "Nothing was added",
        "Only an admin may change a corpus. Ask an admin of your organisation to do it.",
      ]);
      expect((await share(["a.md"], "nowhere", "admin")).summary).toContain("There is no corpus nowhere.");
    });

    it("are told from files of usage by the words alone", () => {
      expect(corpusFor("Please add this to the corpus Policies")).toBe("policies");
      expect(corpusFor("add these files to our vendor-terms corpus, please")).toBe("vendor-terms");
      expect(corpusFor("import this")).toBeUndefined();
      expect(corpusFor("what does the corpus say about hotels?")).toBeUndefined();
      expect(corpusFor("add this to the corpus")).toBeUndefined();
      const shared = ["a.pdf", "usage.csv", "b.png"].map(file);
      const names = (asked: string) => filesTaken(shared, asked).map(({ name }) => name);
      expect(names("add this to the corpus policies")).toEqual(["a.pdf", "usage.csv"]);
      expect(names("import this")).toEqual(["usage.csv"]);
      expect(filesTaken([file("b.png")], "").length).toBe(1);
      expect(filesTaken([file("b.png")], "hello").length).toBe(0);
    });
  });

  it("leaves an unbroken chain of entries", async () => {
    expect(await db.stores.audit.firstBroken(db.orgId)).toBeNull();
    const actions = new Set((await db.stores.audit.list(db.orgId, 1_000)).map(({ action }) => action));
    expect([...actions].sort()).toEqual([
      "corpus.analysed",
      "corpus.created",
      "corpus.deleted",
      "corpus.exported",
      "corpus.searched",
      "corpus.updated",
      "corpus.validated",
    ]);
  });
});
