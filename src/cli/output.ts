/** Where a command writes: a terminal, a pipe, or the other end of a local connection. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  readonly columns: number;
  /** True where control sequences (colour, redrawing) are understood. */
  readonly interactive: boolean;
}

/** The process's own standard output and error. */
export const processOutput = (): Output => ({
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  columns: Math.min(process.stdout.columns ?? 100, 120),
  interactive: process.stdout.isTTY && process.stderr.isTTY,
});
