import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CorpusReader, CorpusWriter, Embedder, ExportedDocument } from "../../../src/core/corpus.ts";
import { AppError } from "../../../src/core/errors.ts";
import { type Id, newId } from "../../../src/core/ids.ts";
import { createCorpusReader } from "../../../src/stores/clickhouse/corpus-reader.ts";
import { createCorpusWriter } from "../../../src/stores/clickhouse/corpus-writer.ts";
import { type Database, openDatabase } from "../../../src/stores/clickhouse/database.ts";
import { meaningEmbedder } from "../../setup/meaning-embedder.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

let clickhouse: TestClickHouse;
let database: Database;
let corpus: CorpusReader & CorpusWriter;

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  corpus = clickhouse.corpus;
  database = await openDatabase(clickhouse.target, clickhouse.database);
});
afterAll(async () => {
  await database.close();
  await clickhouse.drop();
});

const stamp = (minute: number) => ({ by: "ann", at: new Date(Date.UTC(2026, 10, 30, 12, minute)) });

const written = (document: string, title: string, ...texts: readonly string[]): ExportedDocument => ({
  document,
  title,
  format: "text",
  passages: texts.map((text) => ({ headings: [], place: "", text })),
});

async function orgWith(documents: readonly ExportedDocument[], name = "rules"): Promise<Id<"org">> {
  const orgId = newId("org");
  await corpus.create(orgId, name, stamp(0));
  await corpus.put(orgId, name, documents, stamp(1));
  return orgId;
}

const found = async (orgId: Id<"org">, text: string, name?: string) =>
  (await corpus.search({ orgId, corpus: name, text, limit: 10 })).hits.map(({ document, passage }) => `${document}#${passage}`);

describe("ranking", () => {
  it("gives exactly the scores of BM25 worked out by hand", async () => {
    const orgId = await orgWith([written("d1", "cat", "cat dog"), written("d2", "dog", "dog bird fish"), written("d3", "bird", "bird")]);
    const { hits, rarity } = await corpus.search({ orgId, text: "cats and dogs", limit: 10 });
    // Lengths 3, 4 and 2, mean 3. Rarity: ln(1 + 2.5/1.5) and ln(1 + 1.5/2.5).
    const cat = Math.log(8 / 3);
    const dog = Math.log(1.6);
    expect(rarity.get("cat")).toBeCloseTo(cat, 12);
    expect(rarity.get("dog")).toBeCloseTo(dog, 12);
    expect(hits.map(({ document }) => document)).toEqual(["d1", "d2"]);
    expect(hits[0]?.score).toBeCloseTo(cat * (4.4 / 3.2) + dog, 12);
    expect(hits[1]?.score).toBeCloseTo(dog * (4.4 / 3.5), 12);
    expect(hits.map(({ matched }) => matched)).toEqual([["cat", "dog"], ["dog"]]);
  });

  it("does not count words of deleted and replaced versions", async () => {
    const orgId = await orgWith([
      written("d1", "cat", "cat dog"),
      written("d2", "dog", "dog bird fish"),
      written("d3", "bird", "bird"),
      written("old", "cat", "cat cat cat cat"),
    ]);
    await corpus.put(orgId, "rules", [written("d3", "cat", "cat cat")], stamp(2));
    await corpus.put(orgId, "rules", [written("d3", "bird", "bird")], stamp(3));
    const old = (await corpus.documents(orgId, "rules")).find(({ document }) => document === "old");
    expect(await corpus.remove(orgId, { corpus: "rules", document: "old", version: old?.version ?? 0 }, stamp(4))).toBe("deleted");
    const { hits } = await corpus.search({ orgId, text: "cat dog", limit: 10 });
    expect(hits.map(({ score }) => score.toFixed(6))).toEqual(["1.818644", "0.590862"]);
  });

  it("finds the passage among distractors, by its heading and its document's title too", async () => {
    const distractors = Array.from({ length: 200 }, (_, index) =>
      written(`note-${index}`, `Note ${index}`, `Meeting ${index} about travel, rooms and lunch.`, "Data and rules of the house."),
    );
    const policy: ExportedDocument = {
      document: "policy.md",
      title: "Model policy",
      format: "markdown",
      passages: [
        { headings: ["Approved models"], place: "", text: "Teams use gpt-5-mini unless a lead says otherwise." },
        { headings: ["Data residency"], place: "", text: "Prompts of customers in Germany are sent to eu-central endpoints alone." },
      ],
    };
    const orgId = await orgWith([...distractors.slice(0, 100), policy, ...distractors.slice(100)]);
    expect((await found(orgId, "our data residency rules"))[0]).toBe("policy.md#1");
    expect((await found(orgId, "which model is approved in the policy"))[0]).toBe("policy.md#0");
    expect(await found(orgId, "quantum chromodynamics")).toEqual([]);
    expect(await found(orgId, "the of and")).toEqual([]);
  });

  it("takes a query as data", async () => {
    const orgId = await orgWith([written("d", "plain", "O'Brien's \\ backslash '); DROP TABLE corpora; --")]);
    expect(await found(orgId, "'); DROP TABLE corpora; --")).toEqual(["d#0"]);
    expect((await corpus.corpora(orgId)).length).toBe(1);
  });
});

describe("what stands", () => {
  it("keeps each org's corpora from every other org", async () => {
    const ours = await orgWith([written("secret", "Ours", "Discount of acme is forty percent")]);
    const theirs = await orgWith([written("other", "Theirs", "Nothing here")]);
    expect(await found(theirs, "discount acme")).toEqual([]);
    expect((await corpus.documents(theirs, "rules")).map(({ document }) => document)).toEqual(["other"]);
    const [facts] = await corpus.documents(ours, "rules");
    if (facts === undefined) throw new Error("no document");
    expect(await corpus.passages(theirs, facts)).toEqual([]);
    expect(await corpus.remove(theirs, facts, stamp(5))).toBe("gone");
    expect(await found(ours, "discount acme")).toEqual(["secret#0"]);
    // What they have does not change how rare a word is with us.
    const before = (await corpus.search({ orgId: ours, text: "acme", limit: 1 })).hits[0]?.score;
    await corpus.put(theirs, "rules", [written("more", "acme", "acme acme acme")], stamp(6));
    expect((await corpus.search({ orgId: ours, text: "acme", limit: 1 })).hits[0]?.score).toBe(before);
  });

  it("searches one corpus where it is named, and all where none is", async () => {
    const orgId = await orgWith([written("a", "Alpha", "discount table")]);
    await corpus.create(orgId, "prices", stamp(2));
    await corpus.put(orgId, "prices", [written("b", "Beta", "discount agreement")], stamp(3));
    expect(await found(orgId, "discount", "prices")).toEqual(["b#0"]);
    expect([...(await found(orgId, "discount"))].sort()).toEqual(["a#0", "b#0"]);
  });

  it("changes nothing when the same document comes again, and makes a new version of a changed one", async () => {
    const orgId = await orgWith([written("d", "Title", "first text")]);
    const [first] = await corpus.documents(orgId, "rules");
    expect(await corpus.put(orgId, "rules", [written("d", "Title", "first text")], stamp(9))).toEqual(["unchanged"]);
    expect(await corpus.documents(orgId, "rules")).toEqual([first]);
    // The clock stands still or goes back: the version still grows.
    expect(await corpus.put(orgId, "rules", [written("d", "Title", "second text")], stamp(0))).toEqual(["replaced"]);
    const [second] = await corpus.documents(orgId, "rules");
    expect(second?.version).toBe((first?.version ?? 0) + 1);
    expect(await found(orgId, "first")).toEqual([]);
    if (first === undefined) throw new Error("no document");
    expect(await corpus.passages(orgId, first)).toEqual([{ headings: [], place: "", text: "first text" }]);
  });

  it("deletes what was seen, not what came since", async () => {
    const orgId = await orgWith([written("d", "Title", "first text")]);
    const [seen] = await corpus.documents(orgId, "rules");
    if (seen === undefined) throw new Error("no document");
    await corpus.put(orgId, "rules", [written("d", "Title", "second text")], stamp(2));
    expect(await corpus.remove(orgId, seen, stamp(3))).toBe("changed");
    const [now] = await corpus.documents(orgId, "rules");
    if (now === undefined) throw new Error("no document");
    expect(await corpus.remove(orgId, now, stamp(3))).toBe("deleted");
    expect(await corpus.remove(orgId, now, stamp(4))).toBe("gone");
    expect(await corpus.documents(orgId, "rules")).toEqual([]);
    expect(await found(orgId, "text")).toEqual([]);
    expect(await corpus.put(orgId, "rules", [written("d", "Title", "third text")], stamp(0))).toEqual(["added"]);
    expect(await found(orgId, "third")).toEqual(["d#0"]);
  });

  it("sums up each corpus, and drops only an empty one", async () => {
    const orgId = await orgWith([written("a", "cat", "cat dog", "größer"), written("b", "x", "y")]);
    expect(await corpus.create(orgId, "rules", stamp(8))).toBe(false);
    expect(await corpus.corpora(orgId)).toEqual([
      {
        corpus: "rules",
        documents: 2,
        passages: 3,
        words: 7,
        bytes: 7 + 8 + 1,
        createdBy: "ann",
        createdAt: stamp(0).at,
        changedAt: stamp(1).at,
      },
    ]);
    expect(await corpus.drop(orgId, "rules", stamp(9))).toBe(false);
    for (const one of await corpus.documents(orgId, "rules")) await corpus.remove(orgId, one, stamp(10));
    expect(await corpus.drop(orgId, "rules", stamp(11))).toBe(true);
    expect(await corpus.corpora(orgId)).toEqual([]);
    await expect(corpus.put(orgId, "rules", [written("c", "c", "c")], stamp(12))).rejects.toThrow("There is no corpus rules");
  });

  it("counts the words that stand in most documents", async () => {
    const orgId = await orgWith([written("a", "Alpha", "residency residency", "residency"), written("b", "Beta", "residency rule 2026")]);
    expect(await corpus.topWords(orgId, "rules", 2)).toEqual([
      { word: "residency", documents: 2 },
      { word: "alpha", documents: 1 },
    ]);
  });
});

describe("meanings", () => {
  const withMeanings = (embedder: Embedder) => ({ ...createCorpusReader(database, embedder), ...createCorpusWriter(database, embedder) });

  it("finds a passage that shares no word with the question, and fuses both orders by their ranks", async () => {
    const store = withMeanings(meaningEmbedder());
    const orgId = newId("org");
    await store.create(orgId, "hr", stamp(0));
    await store.put(orgId, "hr", [written("leave", "Absence", "Vacation must be asked for in time.")], stamp(1));
    await store.put(orgId, "hr", [written("gear", "Equipment", "A notebook lasts four years.")], stamp(1));
    const result = await store.search({ orgId, text: "holiday", limit: 1 });
    expect(result.byMeaning).toBe(true);
    expect(result.hits.map(({ document, score }) => [document, score])).toEqual([["leave", 0]]);
    expect(await found(orgId, "holiday")).toEqual([]);
    // "equipment" ranks gear first by words; "holiday" ranks leave first by meaning: 1/61 + 1/62 against 1/61.
    const both = await store.search({ orgId, text: "holiday equipment", limit: 2 });
    expect(both.hits.map(({ document }) => document)).toEqual(["gear", "leave"]);
  });

  it("falls back to words, and says so, where the model does not answer; a document without its vectors is not written", async () => {
    const down: Embedder = { model: "meanings-1", embed: () => Promise.reject(new AppError("provider_down", "The model is down.")) };
    const orgId = newId("org");
    await corpus.create(orgId, "hr", stamp(0));
    await corpus.put(orgId, "hr", [written("leave", "Absence", "Vacation must be asked for in time.")], stamp(1));
    const result = await withMeanings(down).search({ orgId, text: "vacation", limit: 1 });
    expect([result.byMeaning, result.hits.length]).toEqual([false, 1]);
    await expect(withMeanings(down).put(orgId, "hr", [written("new", "New", "text")], stamp(2))).rejects.toThrow("The model is down.");
    expect((await corpus.documents(orgId, "hr")).map(({ document }) => document)).toEqual(["leave"]);
  });
});
