import { describe, expect, it } from "vitest";
import { pageLinkOf } from "../../src/core/page-link.ts";

const now = new Date("2026-11-24T12:00:00Z");
const at = (address: string, publicUrl = "https://apex.example.com") => pageLinkOf(address, publicUrl, now)?.title;

describe("what a link leads to", () => {
  it.each([
    ["https://apex.example.com/spend", "AI spend, this month"],
    ["https://apex.example.com/spend?from=2026-11-01&to=2026-11-07&by=model,team", "AI spend, 2026-11-01 to 2026-11-07, by model and team"],
    ["https://apex.example.com/spend?from=2026-11-01&zone=Europe/Berlin", "AI spend, 2026-11-01 to today"],
  ])("is told of %s", (address, title) => {
    expect(at(address)).toBe(title);
  });

  it.each([
    "https://example.org/spend",
    "http://apex.example.com/spend",
    "https://apex.example.com.evil.example/spend",
    "https://apex.example.com:8443/spend",
    "https://someone:secret@apex.example.com/spend",
    "https://apex.example.com/spend/",
    "https://apex.example.com/api/usage/spend",
    "https://apex.example.com/spend?from=<script>",
    "https://apex.example.com/spend?by=salary",
    "https://apex.example.com/spend?from=2026-11-07&to=2026-11-01",
    "https://apex.example.com/spend?key=abc",
    "https://apex.example.com/spend?by=model&by=team",
    "not an address",
  ])("is not told of %s", (address) => {
    expect(at(address)).toBeUndefined();
  });

  it("counts from a public address with a path", () => {
    expect(at("https://example.org/apex/spend", "https://example.org/apex")).toBe("AI spend, this month");
    expect(at("https://example.org/spend", "https://example.org/apex")).toBeUndefined();
  });
});
