import { describe, expect, it } from "vitest";
import { createScreen } from "../../../adapters/console/screen.ts";

const on = (redraw: boolean) => {
  let written = "";
  const screen = createScreen(
    (text) => {
      written += text;
    },
    { redraw },
  );
  return {
    screen,
    take: () => {
      const text = written;
      written = "";
      return text;
    },
  };
};

describe("a screen", () => {
  it("writes only what changed where it cannot draw over itself", () => {
    const { screen, take } = on(false);
    screen.show("m", "question\n▸ one");
    expect(take()).toBe("question\n▸ one\n");
    screen.show("m", "question\n✓ one\n▸ two");
    expect(take()).toBe("✓ one\n▸ two\n");
    screen.show("m", "question\n✓ one\n▸ two");
    expect(take()).toBe("");
  });

  it("draws over the changed lines where it can", () => {
    const { screen, take } = on(true);
    screen.show("m", "question\n▸ one");
    take();
    screen.show("m", "question\n✓ one\n▸ two");
    expect(take()).toBe("\u001b[1A\r\u001b[J✓ one\n▸ two\n");
  });

  it("never draws over what something else wrote", () => {
    const { screen, take } = on(true);
    screen.show("m", "▸ one");
    screen.say("told");
    take();
    screen.show("m", "✓ one");
    expect(take()).toBe("✓ one\n");
  });
});
