// Writes manifests/slack/*.json from the adapter's own lists. Run `npm run build` first.
// With an address, prints the manifests for it instead: node scripts/slack-manifest.mjs https://apex.example.org
import { writeFile } from "node:fs/promises";
import { slackManifest, slackManifests } from "../dist/adapters/slack/manifest.js";

const text = (manifest) => `${JSON.stringify(manifest, null, 2)}\n`;
const [address, install = "oauth", socket] = process.argv.slice(2);

if (address === undefined) {
  for (const [name, manifest] of Object.entries(slackManifests))
    await writeFile(new URL(`../manifests/slack/${name}`, import.meta.url), text(manifest));
} else process.stdout.write(text(slackManifest({ base: new URL(address).origin, install, socket: socket === "socket" })));
