import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import type { KeyPurpose } from "../core/gateway-config.ts";
import { type Id, isId } from "../core/ids.ts";
import { type KeyLimitChanges, type KeyLimits, readKeyBudget, readPerMinute } from "../core/key-limits.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, onlyWord, shownWord } from "./command.ts";
import { limitsText } from "./keys.ts";

const useOf: Readonly<Record<KeyPurpose, string>> = {
  gateway:
    "It calls models and cannot send usage. Use it as the API key with base URL http://HOST:PORT/v1 (Anthropic clients: http://HOST:PORT).",
  ingest:
    "It sends usage and cannot call models. For traces set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:PORT and " +
    "OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20KEY; for files send it as a bearer token to POST /api/usage/files.",
};

/** A label as it may stand in a column of usage. */
function labelOf(option: string, text: string): string {
  const label = text.trim();
  if (label !== "" && label.length <= 256) return label;
  throw new AppError("bad_input", `${shownWord(text)} is no ${option}: write 1 to 256 characters.`);
}

function keyIdOf(text: string): Id<"gatewayKey"> {
  if (isId("gatewayKey", text)) return text;
  throw new AppError("bad_input", `${shownWord(text)} is not a key id. It looks like gwk_…; \`apex keys\` shows the keys in use.`);
}

/** An option's value; null where it is "off", undefined where the option is not given. */
function given<T>(input: CommandInput, name: string, read: (text: string) => T): T | null | undefined {
  const text = input.text(name);
  if (text === undefined) return undefined;
  return text.trim() === "off" ? null : read(text);
}

const changesOf = (input: CommandInput): KeyLimitChanges => ({
  budget: given(input, "budget", readKeyBudget),
  requestsPerMinute: given(input, "rpm", (text) => readPerMinute("rpm", text)),
  tokensPerMinute: given(input, "tpm", (text) => readPerMinute("tpm", text)),
});

/** The limits of a new key: "off" is none. */
function limitsOf(input: CommandInput): KeyLimits {
  const { budget, requestsPerMinute, tokensPerMinute } = changesOf(input);
  return {
    ...(budget ? { budget } : {}),
    ...(requestsPerMinute ? { requestsPerMinute } : {}),
    ...(tokensPerMinute ? { tokensPerMinute } : {}),
  };
}

async function revoke({ app, org, userName, output }: CommandContext, id: Id<"gatewayKey">): Promise<number> {
  await app.stores.gateway.revokeKey(org.id, id);
  await app.stores.audit.append(org.id, { actor: userName, action: "gateway_key.revoked", facts: { key: id } });
  output.out(`${id} is revoked: it is refused within a second.\n`);
  return exitCode.ok;
}

async function change({ app, org, userName, output }: CommandContext, input: CommandInput, id: Id<"gatewayKey">): Promise<number> {
  const project = input.text("project");
  const changes = { ...changesOf(input), ...(project === undefined ? {} : { project: labelOf("project", project) }) };
  if (Object.values(changes).every((value) => value === undefined))
    throw new AppError("bad_input", `Say what to change: --budget, --rpm, --tpm or --project. Usage: apex ${key.usage}`);
  const changed = await app.stores.gateway.changeKey(org.id, id, changes);
  const facts = { key: id, project: changed.project, limits: limitsText(changed) };
  await app.stores.audit.append(org.id, { actor: userName, action: "gateway_key.changed", facts });
  output.out(plain(`${id} (${changed.label}): ${limitsText(changed)}. It holds within a second.\n`));
  return exitCode.ok;
}

async function make({ app, org, userName, output }: CommandContext, input: CommandInput): Promise<number> {
  const label = labelOf("label", onlyWord(key, input, "a label that says who uses the key"));
  const purpose = input.flag("ingest") ? "ingest" : "gateway";
  const workload = input.text("workload");
  if (workload === undefined && purpose === "gateway")
    throw new AppError("bad_input", `Name the workload whose requests will use the key. Usage: apex ${key.usage}`);
  const [team = "", project = ""] = [input.text("team"), input.text("project")];
  const wanted = { label, workload: workload ?? "", team, project, purpose, limits: limitsOf(input) } as const;
  const made = await app.stores.gateway.createKey(org.id, wanted);
  const facts = { key: made.key.id, label, purpose, limits: limitsText(made.key) };
  await app.stores.audit.append(org.id, { actor: userName, action: "gateway_key.made", facts });
  output.out(`${made.secret}\n`);
  const named = `${made.key.id}${workload === undefined ? "" : ` for ${workload}`}`;
  const held = made.key.limits === undefined ? "" : ` It is held to ${limitsText(made.key)}.`;
  output.err(plain(`This is key ${named}; it is shown only now. ${useOf[purpose]}${held}\n`));
  return exitCode.ok;
}

export const key: Command = {
  usage:
    "key LABEL --workload NAME [--team NAME] [--project NAME] [--budget USD/month|week|day] [--rpm N] [--tpm N] | " +
    "key LABEL --ingest [--workload NAME] [--team NAME] | key --set KEY_ID [--budget … | off] [--rpm N | off] [--tpm N | off] [--project NAME] | key --revoke KEY_ID",
  summary:
    "Makes a key for the gateway, or with --ingest one that can only send usage, and shows it once; changes its limits; or revokes it.",
  options: {
    workload: { type: "string" },
    team: { type: "string" },
    project: { type: "string" },
    budget: { type: "string" },
    rpm: { type: "string" },
    tpm: { type: "string" },
    ingest: { type: "boolean" },
    set: { type: "string" },
    revoke: { type: "string" },
  },
  async run(context, input) {
    const [changed, revoked] = [input.text("set"), input.text("revoke")];
    if (changed !== undefined && revoked !== undefined) throw new AppError("bad_input", "Give --set or --revoke, not both.");
    if (revoked !== undefined) return revoke(context, keyIdOf(revoked));
    return changed === undefined ? make(context, input) : change(context, input, keyIdOf(changed));
  },
};
