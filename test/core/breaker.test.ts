import { describe, expect, it } from "vitest";
import { createBreakers } from "../../src/core/breaker.ts";

describe("a circuit breaker", () => {
  const start = () => {
    let now = 0;
    const breakers = createBreakers({ breakerFailures: 3, breakerMs: 100, breakerMaxMs: 250 }, () => now);
    return {
      ...breakers,
      at: (ms: number) => {
        now = ms;
        return breakers.allows("a");
      },
    };
  };

  it("opens after failures in a row, lets one through after its rest, and closes when that succeeds", () => {
    const breakers = start();
    for (let n = 0; n < 2; n++) breakers.failed("a");
    breakers.succeeded("a");
    for (let n = 0; n < 2; n++) breakers.failed("a");
    expect(breakers.at(0)).toBe(true);
    breakers.failed("a");
    expect(breakers.at(99)).toBe(false);
    expect(breakers.allows("b")).toBe(true);
    expect(breakers.at(100)).toBe(true);
    expect(breakers.at(101)).toBe(false);
    breakers.succeeded("a");
    expect(breakers.at(102)).toBe(true);
  });

  it("rests longer each time that the trial fails too, up to a bound", () => {
    const breakers = start();
    for (let n = 0; n < 3; n++) breakers.failed("a");
    expect(breakers.at(100)).toBe(true);
    breakers.failed("a");
    expect(breakers.at(299)).toBe(false);
    expect(breakers.at(300)).toBe(true);
    breakers.failed("a");
    expect(breakers.at(549)).toBe(false);
    expect(breakers.at(550)).toBe(true);
  });
});
