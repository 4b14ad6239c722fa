import { AppError } from "../core/errors.ts";
import { readZone } from "../core/zone.ts";
import { type Command, exitCode } from "./command.ts";

export const zone: Command = {
  usage: "zone [ZONE]",
  summary: "Shows or sets the time zone that days, weeks and months are counted in (IANA name, such as Europe/Berlin).",
  options: {},
  async run({ app, org, userName, output }, { words: [word, ...rest] }) {
    if (rest.length > 0) throw new AppError("bad_input", `Give one time zone. Usage: apex ${zone.usage}`);
    const before = await app.stores.settings.zoneOf(org.id);
    if (word === undefined) {
      output.out(`${before}\n`);
      return exitCode.ok;
    }
    const after = readZone(word);
    await app.stores.settings.setZone(org.id, after);
    await app.stores.audit.append(org.id, { actor: userName, action: "zone.set", facts: { before, after } });
    output.out(`Days of ${org.name} are shown in ${after} from now on. Stored times stay UTC; bills stay by UTC day.\n`);
    return exitCode.ok;
  },
};
