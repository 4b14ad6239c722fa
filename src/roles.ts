import { z } from "zod";
import type { Config } from "./config.ts";
import { AppError } from "./core/errors.ts";

/** What a process is for; `all` is everything in one. */
export const ProcessRole = z.enum(["all", "api", "worker", "gateway"]);
export type ProcessRole = z.infer<typeof ProcessRole>;

/** What a process of a role does. Each of them answers /health. */
export interface Duties {
  /** Takes in what chat platforms send. */
  readonly chat: boolean;
  /** Works off the queue. */
  readonly worker: boolean;
  /** Serves model traffic under /v1. */
  readonly gateway: boolean;
}

/** The duties of each role. */
export const dutiesOf = {
  all: { chat: true, worker: true, gateway: true },
  api: { chat: true, worker: false, gateway: false },
  worker: { chat: false, worker: true, gateway: false },
  gateway: { chat: false, worker: false, gateway: true },
} satisfies Record<ProcessRole, Duties>;

/** The role that was asked for; `all` where none was. An AppError "bad_input" for one that there is not. */
export function readRole(text: string | undefined): ProcessRole {
  if (text === undefined) return "all";
  const role = ProcessRole.safeParse(text);
  if (role.success) return role.data;
  const choice = `Use one of ${ProcessRole.options.join(", ")}.`;
  throw new AppError(
    "bad_input",
    text === "listener"
      ? `There is no role listener: what platforms send over a connection of ours (Discord's gateway) is heard by the roles all and api. ${choice}`
      : `There is no role "${text}". ${choice}`,
  );
}

/** Refuses a role whose engines or secrets other processes could not share: an AppError "not_configured" that says which to set. */
export function checkRole(role: ProcessRole, { relational, analytics, secretKey }: Config): void {
  if (role === "all") return;
  const missing = [
    ...(relational.kind === "embedded" ? ["DATABASE_URL"] : []),
    ...(analytics.kind === "embedded" ? ["CLICKHOUSE_URL"] : []),
  ];
  if (missing.length > 0) {
    throw new AppError(
      "not_configured",
      `The role ${role} shares its data with other processes, and an embedded engine belongs to one process alone: set ${missing.join(" and ")}, or leave --role out to run everything in one process.`,
    );
  }
  if (secretKey === undefined) {
    throw new AppError(
      "not_configured",
      `The role ${role} shares sealed secrets with other processes: set APEX_SECRET_KEY to the same key for all of them (make one with \`openssl rand -base64 32\`).`,
    );
  }
}
