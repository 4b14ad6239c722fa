import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../src/cli/run-command.ts";

describe("a command line", () => {
  it("gives up --org and --as-of wherever they stand, and leaves the rest to the command", () => {
    const line = readCommandLine(["ask", "--org", "acme", "where does it go?", "--json", "--as-of=2026-11-23T12:00:00Z"]);
    expect(line).toEqual({ name: "ask", args: ["where does it go?", "--json"], org: "acme", asOf: new Date("2026-11-23T12:00:00Z") });
  });

  it("takes nothing that stands behind --", () => {
    expect(readCommandLine(["ask", "--", "--org", "acme"])).toMatchObject({ org: undefined, args: ["--", "--org", "acme"] });
  });

  it.each([
    [["ask", "x", "--as-of", "yesterday"], /not a time/],
    [["ask", "x", "--org"], /--org needs a value/],
    [["ask", "x", "--org="], /--org needs a value/],
  ])("refuses %j in a sentence", (argv, sentence) => {
    expect(() => readCommandLine(argv)).toThrow(sentence);
  });
});
