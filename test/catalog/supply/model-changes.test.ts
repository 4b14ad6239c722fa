import { describe, expect, it } from "vitest";
import { modelChanges } from "../../../src/catalog/supply/model-changes.ts";
import { noFacts, type SaidModel, type SourceState, type StatedFacts } from "../../../src/core/supply.ts";

const first = new Date("2026-11-01T00:00:00Z");
const later = new Date("2026-11-08T00:00:00Z");
const source: SourceState = {
  source: "anthropic-models",
  address: "https://api.example/v1/models",
  firstReadAt: first,
  lastReadAt: later,
  dataOf: later,
  prices: 0,
  models: 2,
};
const said = (model: string, retrievedAt: Date, facts: Partial<StatedFacts> | null): SaidModel => ({
  source: source.source,
  address: source.address,
  provider: "anthropic",
  model,
  retrievedAt,
  facts: facts === null ? null : { ...noFacts, ...facts },
});
const changes = (...history: readonly SaidModel[]) => modelChanges(history, [source], new Date("2026-10-25T00:00:00Z"));

describe("what happens to models at a source", () => {
  it("knows none of its first reading as new, and each that is added later", () => {
    expect(changes(said("claude-a", first, {}), said("claude-b", later, {}))).toMatchObject([
      { kind: "new", model: "claude-b", seen: later },
    ]);
  });

  it("tells a model that is no longer listed, and one that comes back", () => {
    const back = new Date("2026-11-15T00:00:00Z");
    expect(changes(said("claude-a", first, {}), said("claude-a", later, null), said("claude-a", back, {})).map(({ kind }) => kind)).toEqual(
      ["gone", "new"],
    );
  });

  it("tells a deprecation and a day of retirement", () => {
    const [deprecated, retires] = changes(
      said("claude-a", first, { deprecated: false }),
      said("claude-a", later, { deprecated: true, retiresOn: "2027-03-01" }),
    );
    expect(deprecated).toMatchObject({ kind: "deprecated" });
    expect(retires).toMatchObject({ kind: "changed", changes: [{ field: "retiresOn", before: null, after: "2027-03-01" }] });
  });

  it("tells other capabilities, and not that a source speaks of one for the first time or falls silent", () => {
    expect(
      changes(
        said("claude-a", first, { maxInput: 200_000, takes: ["image"] }),
        said("claude-a", later, { maxInput: 1_000_000, takes: ["image", "pdf"] }),
      ),
    ).toMatchObject([
      {
        changes: [
          { field: "maxInput", before: "200000", after: "1000000" },
          { field: "takes", before: "image", after: "image, pdf" },
        ],
      },
    ]);
    expect(changes(said("claude-a", first, { tools: true }), said("claude-a", later, { maxInput: 1_000 }))).toEqual([]);
  });

  it("is told of the time that is asked about alone", () => {
    const history = [said("claude-a", first, {}), said("claude-b", later, {})];
    expect(modelChanges(history, [source], later)).toEqual([]);
  });
});
