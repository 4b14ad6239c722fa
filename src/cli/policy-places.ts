import { basename, resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { readExportFile } from "../actuators/export/index.ts";
import { type ExportFormat, exportFormats, patchOf } from "../actuators/export/patch.ts";
import { wireActuators } from "../compose-actuators.ts";
import { AppError } from "../core/errors.ts";
import { placesOf } from "../flows/take-effect.ts";
import type { CommandContext, CommandInput } from "./command.ts";

/** What the active policy means at each place where it takes effect. */
export async function planPlaces({ app, org, output }: CommandContext): Promise<void> {
  const { version, policy: active } = await app.stores.policies.active(org.id);
  const actuators = wireActuators({ config: app.config, engines: { stores: app.stores } }, app.gateway);
  output.out(version === 0 ? "No policy is active.\n" : `Policy version ${version} is active.\n`);
  for (const actuator of await placesOf({ actuators }, org.id)) {
    output.out(`${actuator.name}\n`);
    for (const sentence of await actuator.plan(active)) output.out(plain(`  ${sentence}\n`));
  }
}

const isFormat = (text: string | undefined): text is ExportFormat => text !== undefined && Object.hasOwn(exportFormats, text);

/** The active policy as a patch of a file. */
export async function exportPatch({ app, org, output, cwd }: CommandContext, input: CommandInput): Promise<void> {
  const format = input.text("format");
  if (!isFormat(format))
    throw new AppError("bad_input", `Say what kind of file it is: --format ${Object.keys(exportFormats).join(" or --format ")}.`);
  const given = input.text("config");
  const known = app.config.actuators.export?.files.find((file) => file.format === format);
  const path = given === undefined ? known?.path : resolve(cwd, given);
  if (path === undefined)
    throw new AppError("bad_input", `Name the file with --config FILE, or set APEX_EXPORT_${format.toUpperCase()} to its path.`);
  const name = input.text("name") ?? (given === undefined ? known?.name : undefined) ?? basename(path);
  const { policy: active } = await app.stores.policies.active(org.id);
  const patch = patchOf(format, { name, text: await readExportFile(path) }, active);
  if (patch === "") output.err("The file is as the active policy wants it: there is nothing to change.\n");
  else output.out(patch);
}
