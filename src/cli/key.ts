import { AppError } from "../core/errors.ts";
import type { KeyPurpose } from "../core/gateway-config.ts";
import { isId } from "../core/ids.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";

const useOf: Readonly<Record<KeyPurpose, string>> = {
  gateway:
    "It calls models and cannot send usage. Use it as the API key with base URL http://HOST:PORT/v1 (Anthropic clients: http://HOST:PORT).",
  ingest:
    "It sends usage and cannot call models. For traces set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:PORT and " +
    "OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20KEY; for files send it as a bearer token to POST /api/usage/files.",
};

export const key: Command = {
  usage: "key LABEL --workload NAME [--team NAME] | key LABEL --ingest [--workload NAME] [--team NAME] | key --revoke KEY_ID",
  summary: "Makes a key for the gateway, or with --ingest one that can only send usage, and shows it once; or revokes one.",
  options: { workload: { type: "string" }, team: { type: "string" }, ingest: { type: "boolean" }, revoke: { type: "string" } },
  async run({ app, org, output }, input) {
    const revoked = input.text("revoke");
    if (revoked !== undefined) {
      if (!isId("gatewayKey", revoked))
        throw new AppError("bad_input", `"${revoked}" is not a key id. It looks like gwk_…; \`apex key\` showed it when the key was made.`);
      await app.stores.gateway.revokeKey(org.id, revoked);
      output.out(`${revoked} is revoked: it is refused within a second.\n`);
      return exitCode.ok;
    }
    const label = onlyWord(key, input, "a label that says who uses the key");
    const purpose = input.flag("ingest") ? "ingest" : "gateway";
    const workload = input.text("workload");
    if (workload === undefined && purpose === "gateway")
      throw new AppError("bad_input", `Name the workload whose requests will use the key. Usage: apex ${key.usage}`);
    const labels = { label, workload: workload ?? "", team: input.text("team") ?? "", purpose } as const;
    const made = await app.stores.gateway.createKey(org.id, labels);
    output.out(`${made.secret}\n`);
    output.err(`This is key ${made.key.id}${workload === undefined ? "" : ` for ${workload}`}; it is shown only now. ${useOf[purpose]}\n`);
    return exitCode.ok;
  },
};
