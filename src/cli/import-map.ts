import { resolve } from "node:path";
import { AppError } from "../core/errors.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";
import { givenMapping } from "./mapping-file.ts";

export const importMap: Command = {
  usage: "import-map FILE [--save NAME [--mapping NAME|MAPPING.json]]",
  summary: "Proposes a mapping from a file's header, as JSON to check and give to import; --save keeps it for files with the same header.",
  options: { save: { type: "string" }, mapping: { type: "string" } },
  async run(context, input) {
    const { app, org, userName, cwd, output } = context;
    const path = resolve(cwd, onlyWord(importMap, input, "one file"));
    const [name, given] = [input.text("save"), input.text("mapping")];
    const found =
      given === undefined ? await app.mappings.forFile(org.id, path) : { mapping: await givenMapping(context, given), savedAs: given };
    const mapping = found?.mapping;
    if (mapping === undefined) {
      throw new AppError(
        "bad_input",
        `No mapping could be proposed for ${path}: it needs at least a time and a token count in its header. See docs/import.md.`,
      );
    }
    if (given === undefined && found?.savedAs !== undefined)
      output.err(`This is the saved mapping ${found.savedAs}, made for exactly this header.\n`);
    if (name !== undefined) {
      const { replaced } = await app.mappings.save({ orgId: org.id, name, path, mapping, actor: userName });
      output.err(
        `Saved as ${name}${replaced ? ", in the place of the one of that name" : ""}: files with exactly this header will use it.\n`,
      );
    }
    output.out(`${JSON.stringify(mapping, null, 2)}\n`);
    return exitCode.ok;
  },
};
