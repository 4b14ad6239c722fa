/**
 * Generates the Prisma client, offline: the command line would download a schema engine that generating does not need,
 * so it is shown an existing file instead. Run by `npm install` (prepare).
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The command line's start file; undefined where this is an install without development dependencies. */
function commandLine() {
  try {
    const manifest = createRequire(import.meta.url).resolve("prisma/package.json");
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin.prisma);
  } catch {
    return undefined;
  }
}

const prisma = commandLine();
if (prisma === undefined) {
  console.error(
    "The Prisma client was not generated: the development dependency `prisma` is not installed. Run `npm ci` without --omit=dev to build Apex.",
  );
  process.exit(1);
}
const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, "generate", "--schema", join(root, "prisma", "schema.prisma")], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "pipe"],
  timeout: 120_000,
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: fileURLToPath(import.meta.url),
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
    CHECKPOINT_DISABLE: "1",
  },
});
if (status !== 0) {
  console.error(`The Prisma client could not be generated.\n${stdout}\n${stderr}`);
  process.exit(1);
}
