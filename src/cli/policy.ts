import { AppError } from "../core/errors.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, shownWord } from "./command.ts";
import { checkFile, dryRun, printSchema, proposeFile, setRollout, showPolicy } from "./policy-documents.ts";
import { exportPatch, planPlaces } from "./policy-places.ts";

/** What a word of the command does, and how many words may follow it. */
interface Verb {
  readonly most: number;
  run(context: CommandContext, input: CommandInput, words: readonly string[]): Promise<void>;
}

const verbs: Readonly<Record<string, Verb>> = {
  show: { most: 0, run: showPolicy },
  schema: { most: 0, run: printSchema },
  check: { most: 1, run: checkFile },
  "dry-run": { most: 1, run: dryRun },
  propose: { most: 1, run: proposeFile },
  rollout: { most: 2, run: setRollout },
  plan: { most: 0, run: planPlaces },
  export: { most: 0, run: exportPatch },
};

export const policy: Command = {
  usage:
    "policy show [--json] | schema | check FILE | dry-run FILE|APPROVAL_ID [--day DAY] [--json] | propose FILE | rollout [staged | at-once] | plan | export --format litellm|envoy [--config FILE] [--name PATH_IN_REPOSITORY]",
  summary:
    "Shows the active policy and where its rollouts stand, prints and checks its JSON schema, tries a policy on a day's traffic, proposes rules for approval, sets how changes go live, says what the policy means at each place, and prints it as a patch for a config in Git.",
  options: {
    day: { type: "string" },
    json: { type: "boolean" },
    format: { type: "string" },
    config: { type: "string" },
    name: { type: "string" },
  },
  async run(context, input) {
    const [word = "show", ...rest] = input.words;
    const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
    if (verb === undefined || rest.length > verb.most)
      throw new AppError(
        "bad_input",
        `${shownWord(input.words.join(" "))} is none of the words of this command. Usage: apex ${policy.usage}`,
      );
    await verb.run(context, input, rest);
    return exitCode.ok;
  },
};
