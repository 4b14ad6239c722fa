// Writes manifests/teams (the manifest from the adapter's own lists, the icons from their drawings below) and, with the
// bot's id and host, the package that an admin uploads. Run `npm run build` first.
//   node scripts/teams-package.mjs                                  writes manifests/teams
//   node scripts/teams-package.mjs APP_ID HOST [apex-teams.zip]     writes the package
import { readFile, writeFile } from "node:fs/promises";
import { crc32, deflateRawSync } from "node:zlib";
import { Resvg } from "@resvg/resvg-js";
import { teamsManifest } from "../dist/adapters/teams/manifest.js";

const folder = new URL("../manifests/teams/", import.meta.url);

/** Bars that come down under a falling line, in a box of 24. */
const bars =
  '<rect x="3" y="5" width="4" height="15" rx="1"/><rect x="10" y="10" width="4" height="10" rx="1"/><rect x="17" y="15" width="4" height="5" rx="1"/>';
const line = '<path d="M5 2.5 L12 6.5 L19 11.5" fill="none" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"';

const icons = {
  "color.png": [
    192,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 192 192"><rect width="192" height="192" fill="#1D2B3A"/><g transform="translate(36 34) scale(5)"><g fill="#7FD1AE">${bars}</g>${line} stroke="#FFFFFF"/></g></svg>`,
  ],
  "outline.png": [
    32,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="#FFFFFF">${bars}</g>${line} stroke="#FFFFFF"/></svg>`,
  ],
};

const png = ([width, svg]) => new Resvg(svg, { fitTo: { mode: "width", value: width } }).render().asPng();
const json = (manifest) => Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);

/** A zip file of these files, as PKWARE's APPNOTE describes it; the same files are the same bytes. */
function zip(files) {
  const [locals, centrals] = [[], []];
  let offset = 0;
  for (const [name, data] of files) {
    const [title, packed] = [Buffer.from(name), deflateRawSync(data)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // the version needed
    common.writeUInt16LE(8, 4); // deflated
    common.writeUInt16LE(0x21, 8); // 1 January 1980
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(title.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), common, tail, title);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), common, title, packed]);
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

const [appId, host, target = "apex-teams.zip"] = process.argv.slice(2);
if (appId === undefined) {
  for (const [name, icon] of Object.entries(icons)) await writeFile(new URL(name, folder), png(icon));
  await writeFile(new URL("manifest.json", folder), json(teamsManifest("00000000-0000-0000-0000-000000000000", "apex.example.com")));
} else if (host === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(appId)) {
  console.error(
    "Usage: node scripts/teams-package.mjs APP_ID HOST [apex-teams.zip]. APP_ID is the bot's Microsoft App ID, HOST its public host.",
  );
  process.exitCode = 2;
} else {
  const drawn = await Promise.all(Object.keys(icons).map(async (name) => [name, await readFile(new URL(name, folder))]));
  await writeFile(target, zip([["manifest.json", json(teamsManifest(appId, host))], ...drawn]));
  console.log(`Wrote ${target}. Upload it in Teams: Apps, Manage your apps, Upload an app.`);
}
