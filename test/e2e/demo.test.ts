import { describe, expect, it } from "vitest";
import { createWorkspace } from "./apex-process.ts";

describe("the demo", () => {
  it("walks the whole loop on an empty data folder and leaves a ledger that verifies to the last digit", async () => {
    const workspace = await createWorkspace();
    try {
      const demo = await workspace.apex("demo", "--as-of", "2026-11-23T12:00:00Z");
      expect(demo).toMatchObject({ code: 0 });
      for (const part of [
        /assum/i,
        /Approved/i,
        /stand-in/i,
        /2,\d\d\d requests/,
        /estimated/i,
        /measured/i,
        /95 % interval/,
        /every digit agrees/,
      ]) {
        expect(demo.out).toMatch(part);
      }
      const verified = await workspace.apex("verify");
      expect(verified).toMatchObject({ code: 0 });
      expect(verified.out).toMatch(/sav_\S+: recomputed from stored rows, every digit agrees/);
      const digest = await workspace.apex("digest", "--as-of", "2026-11-23T12:00:00Z");
      expect(digest).toMatchObject({ code: 0 });
      expect(digest.out).toMatch(/week of/i);
      expect(digest.out).toMatch(/support-chat: .* less than before/);
      expect(digest.out).toMatch(/apr_\S+ {2}Move /);
    } finally {
      await workspace.remove();
    }
  }, 120_000);
});
