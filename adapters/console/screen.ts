/** What messages are drawn on. */
export interface Screen {
  /** Shows a message, or what has become of it. */
  show(id: string, text: string): void;
  has(id: string): boolean;
  /** Writes a line of its own. */
  say(text: string): void;
}

const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r\u001b[J` : "");

/**
 * A screen over a stream of text. With `redraw` a message that changes is drawn over itself; without, only the lines
 * from the first changed one on are written again.
 */
export function createScreen(write: (text: string) => void, options: { readonly redraw: boolean; readonly rows?: number }): Screen {
  const shown = new Map<string, readonly string[]>();
  let last = "";
  const put = (lines: readonly string[]) => {
    if (lines.length > 0) write(`${lines.join("\n")}\n`);
  };
  return {
    show: (id, text) => {
      const lines = text.split("\n");
      const before = shown.get(id) ?? [];
      const same = last === id ? lines.findIndex((line, i) => line !== before[i]) : 0;
      shown.set(id, lines);
      const changedFrom = same < 0 ? Math.min(lines.length, before.length) : same;
      if (options.redraw && last === id && before.length - changedFrom < (options.rows ?? 24)) write(up(before.length - changedFrom));
      last = id;
      put(lines.slice(changedFrom));
    },
    has: (id) => shown.has(id),
    say: (text) => {
      last = "";
      put(text.split("\n"));
    },
  };
}
