import { pino } from "pino";
import type { Logger } from "./core/logger.ts";

/** Structured JSON logs on standard error, so that standard output stays the user's. */
export function createLogger(level: string): Logger {
  const log = pino(
    { level, redact: { paths: ["*.token", "*.apiKey", "*.secret", "*.authorization"], censor: "[secret]" } },
    pino.destination({ dest: 2, sync: true }),
  );
  const write =
    (as: "info" | "warn" | "error") =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      const { error, ...rest } = facts;
      log[as](error === undefined ? rest : { ...rest, err: error }, message);
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
