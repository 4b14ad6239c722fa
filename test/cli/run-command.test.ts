import { describe, expect, it } from "vitest";
import { readInput } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/index.ts";
import { readCommandLine, reportError } from "../../src/cli/run-command.ts";
import { AppError } from "../../src/core/errors.ts";

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
    [["ask", "x", "--org", "a", "--org", "b"], /--org is given more than once/],
  ])("refuses %j in a sentence", (argv, sentence) => {
    expect(() => readCommandLine(argv)).toThrow(sentence);
  });
});

describe("a command's arguments", () => {
  it.each([
    [commands.import, ["f.csv", "--mapping", "a", "--mapping", "b"], /^--mapping is given more than once\. Usage: apex import/],
    [commands.savings, ["all"], /^"all" is one word too many\. Usage: apex savings/],
    [commands.savings, ["x".repeat(5_000)], /^"x{59}…" is one word too many/],
    [commands.savings, ["--yaml"], /Usage: apex savings/],
  ])("are refused in a sentence where they are wrong", (command, args, sentence) => {
    expect(() => readInput(command, args)).toThrow(sentence);
  });
});

describe("an error's text", () => {
  it("says that a command was stopped, not that something broke", () => {
    const said: string[] = [];
    const output = { out: () => undefined, err: (text: string) => void said.push(text), columns: 80, interactive: true };
    expect(reportError(new Error("The operation was aborted"), output, AbortSignal.abort())).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^Stopped before the end\. What is stored is kept/)]);
  });

  it("cannot steer the terminal, and is cut where it is endless", () => {
    const said: string[] = [];
    const output = { out: () => undefined, err: (text: string) => void said.push(text), columns: 80, interactive: true };
    reportError(new AppError("bad_input", `no column "\u001b[2J\u202e"${"x".repeat(9_000)}`), output);
    expect(said[0]).toMatch(/^no column "\[2J"x+…\n$/);
    expect(said[0]?.length).toBeLessThan(2_100);
  });
});
