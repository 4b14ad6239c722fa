#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("./dist/src/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("Apex is not built yet. Run `npm run build` (or `npm ci`, which builds) and try again.");
  process.exit(1);
}
await import(main.href);
