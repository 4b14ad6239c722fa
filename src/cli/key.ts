import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";

export const key: Command = {
  usage: "key LABEL --workload NAME [--team NAME] | key --revoke KEY_ID",
  summary: "Makes a key for the gateway and shows it once, or revokes one.",
  options: { workload: { type: "string" }, team: { type: "string" }, revoke: { type: "string" } },
  async run({ app, org, output }, input) {
    const revoked = input.text("revoke");
    if (revoked !== undefined) {
      if (!isId("gatewayKey", revoked))
        throw new AppError("bad_input", `"${revoked}" is not a key id. It looks like gwk_…; \`apex key\` showed it when the key was made.`);
      await app.stores.gateway.revokeKey(org.id, revoked);
      output.out(`${revoked} is revoked: the gateway refuses it within a second.\n`);
      return exitCode.ok;
    }
    const label = onlyWord(key, input, "a label that says who uses the key");
    const workload = input.text("workload");
    if (workload === undefined)
      throw new AppError("bad_input", `Name the workload whose requests will use the key. Usage: apex ${key.usage}`);
    const made = await app.stores.gateway.createKey(org.id, { label, workload, team: input.text("team") ?? "" });
    output.out(`${made.secret}\n`);
    output.err(
      `This is key ${made.key.id} for ${workload}; it is shown only now. Use it as the API key with base URL http://HOST:PORT/v1.\n`,
    );
    return exitCode.ok;
  },
};
