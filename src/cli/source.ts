import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import { type Id, isId } from "../core/ids.ts";
import { RemoteKind } from "../core/remote-source.ts";
import type { SourceConnection } from "../core/source-connection.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, shownWord } from "./command.ts";
import { dayGiven } from "./day.ts";

/** `name=value` pairs; `name=@FILE` takes the value from a file, so that a secret need not stand on the command line. */
async function settingsOf(words: readonly string[], cwd: string): Promise<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const word of words) {
    const [name = "", ...rest] = word.split("=");
    if (name === "" || rest.length === 0)
      throw new AppError("bad_input", `${shownWord(word)} is no setting: write name=value, or name=@FILE.`);
    const value = rest.join("=");
    given[name] = value.startsWith("@")
      ? (
          await readFile(resolve(cwd, value.slice(1)), "utf8").catch((cause: unknown) => {
            throw new AppError("bad_input", `The file for ${name} cannot be read. Check its path.`, { cause });
          })
        ).trim()
      : value;
  }
  return given;
}

function idOf(word: string | undefined): Id<"source"> {
  if (word !== undefined && isId("source", word)) return word;
  throw new AppError("bad_input", `Name the source by its id, like src_…: \`apex source list\` shows them.`);
}

function kindOf(word: string | undefined): RemoteKind {
  const kind = RemoteKind.safeParse(word);
  if (kind.success) return kind.data;
  throw new AppError("bad_input", `Name what to connect: ${RemoteKind.options.join(", ")}. Files come in with \`apex import\`.`);
}

const describe = ({ id, kind, settings, coveredTo, lastSyncAt, lastError, refused }: SourceConnection): string => {
  const named = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const state =
    lastError === null
      ? coveredTo === null
        ? "not read yet"
        : `read up to ${coveredTo.toISOString()}${lastSyncAt === null ? ", first reading under way" : ""}`
      : `last try failed: ${lastError}`;
  const rows = refused.map(({ what, reason }) => `    left out: ${what}: ${reason}\n`);
  return `${id}  ${kind}  ${named.join(" ")}\n  ${state}\n${rows.slice(0, 5).join("")}`;
};

async function sync({ app, org, output, signal }: CommandContext, id: Id<"source">, from?: Date): Promise<void> {
  const request = { orgId: org.id, sourceId: id, ...(from === undefined ? {} : { from }) };
  await app.sources.sync(request, signal, (progress) => {
    const { coveredTo, daysDone, days, events, charges, unpriced, refused } = progress;
    output.out(
      `  ${coveredTo.toISOString().slice(0, 16)}Z  day ${daysDone} of ${days}: ${events} rows of usage (${unpriced} without a price), ${charges} billed lines, ${refused.length} left out\n`,
    );
    for (const { what, reason } of refused.slice(0, 5)) output.out(plain(`    left out: ${what}: ${reason}\n`));
  });
}

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const { app, org, userName, cwd, output, signal } = context;
  const from = dayGiven("from", input.text("from"));
  const request = { orgId: org.id, kind: kindOf(input.words[1]), given: await settingsOf(input.words.slice(2), cwd), actor: userName };
  const { connection, account, notes } = await app.sources.connect(
    { ...request, ...(from === undefined ? {} : { backfillFrom: from }) },
    signal,
  );
  output.out(plain(`${connection.id} is connected to ${account}. It is read every hour while the service runs.\n`));
  for (const note of notes) output.out(plain(`  ${note}\n`));
  await sync(context, connection.id);
}

async function list({ app, org, output }: CommandContext): Promise<void> {
  const connections = await app.stores.sources.list(org.id);
  for (const connection of connections) output.out(plain(describe(connection)));
  if (connections.length === 0) output.out("No source is connected. `apex source add KIND name=value…` connects one; see docs/sources.\n");
}

async function test({ app, org, output, signal }: CommandContext, { words }: CommandInput): Promise<void> {
  const { account, notes } = await app.sources.test(org.id, idOf(words[1]), signal);
  output.out(plain(`It works: ${account}.\n${notes.map((note) => `  ${note}\n`).join("")}`));
}

async function set({ app, org, userName, cwd, output, signal }: CommandContext, { words }: CommandInput): Promise<void> {
  const id = idOf(words[1]);
  const given = await settingsOf(words.slice(2), cwd);
  const { account, notes } = await app.sources.change({ orgId: org.id, id, given, actor: userName }, signal);
  output.out(plain(`${id} is connected to ${account}.\n${notes.map((note) => `  ${note}\n`).join("")}`));
}

async function remove({ app, org, userName, output }: CommandContext, { words }: CommandInput): Promise<void> {
  const id = idOf(words[1]);
  await app.sources.remove({ orgId: org.id, id, actor: userName });
  output.out(`${id} is forgotten, with its secrets. What was read from it stays.\n`);
}

const verbs: Readonly<Record<string, (context: CommandContext, input: CommandInput) => Promise<void>>> = {
  add,
  list,
  set,
  test,
  sync: (context, input) => sync(context, idOf(input.words[1]), dayGiven("from", input.text("from"))),
  remove,
};

export const source: Command = {
  usage: "source add KIND name=value|name=@FILE… [--from DAY] | list | set ID name=value… | test ID | sync ID [--from DAY] | remove ID",
  summary: "Connects sources of usage and bills, changes their settings, tries them, reads them now or again, or forgets them.",
  options: { from: { type: "string" } },
  async run(context, input) {
    const [word = ""] = input.words;
    const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
    if (verb === undefined) throw new AppError("bad_input", `Say what to do with a source. Usage: apex ${source.usage}`);
    await verb(context, input);
    return exitCode.ok;
  },
};
