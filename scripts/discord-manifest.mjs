// Writes manifests/discord/manifest.json from the adapter's own lists. Run `npm run build` first.
import { writeFile } from "node:fs/promises";
import { discordManifest } from "../dist/adapters/discord/manifest.js";

const path = new URL("../manifests/discord/manifest.json", import.meta.url);
await writeFile(path, `${JSON.stringify(discordManifest(), null, 2)}\n`);
