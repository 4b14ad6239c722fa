import { resolve } from "node:path";
import { AppError } from "../core/errors.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";

export const importMap: Command = {
  usage: "import-map FILE",
  summary: "Proposes a mapping from a file's header, as JSON to check, save and give to import.",
  options: {},
  async run({ app, cwd, output }, input) {
    const path = resolve(cwd, onlyWord(importMap, input, "one file"));
    const mapping = await app.proposeMapping(path);
    if (mapping === undefined) {
      throw new AppError(
        "bad_input",
        `No mapping could be proposed for ${path}: it needs at least a time and a token count in its header. See docs/import.md.`,
      );
    }
    output.out(`${JSON.stringify(mapping, null, 2)}\n`);
    return exitCode.ok;
  },
};
