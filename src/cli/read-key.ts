import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";

export const readKey: Command = {
  usage: "read-key LABEL | read-key --revoke KEY_ID",
  summary: "Makes a key that reads this workspace's spend over HTTP and shows it once, or revokes one.",
  options: { revoke: { type: "string" } },
  async run({ app, org, userName, output }, input) {
    const { readKeys, audit } = app.stores;
    const revoked = input.text("revoke");
    if (revoked !== undefined) {
      if (!isId("readKey", revoked))
        throw new AppError("bad_input", `A read key's id looks like rdk_…; \`apex read-key\` showed it when the key was made.`);
      await readKeys.revoke(org.id, revoked);
      await audit.append(org.id, { actor: userName, action: "read_key.revoked", facts: { key: revoked } });
      output.out(`${revoked} is revoked.\n`);
      return exitCode.ok;
    }
    const label = onlyWord(readKey, input, "a label that says who reads with the key");
    const { id, secret } = await readKeys.create(org.id, label);
    await audit.append(org.id, { actor: userName, action: "read_key.made", facts: { key: id, label } });
    output.out(`${secret}\n`);
    output.err(
      `This is read key ${id}; it is shown only now. Send it as a bearer token to /api/usage/spend, or give it as the password at /spend.\n`,
    );
    return exitCode.ok;
  },
};
