import { z } from "zod";
import { type ApiAnswer, startFakeApi } from "./fake-api.ts";
import { type SlackEmulator, startSlackEmulator } from "./slack-emulator.ts";

/** A call of a Web API method: its arguments, those in JSON read. */
export interface SlackCall {
  readonly method: string;
  readonly token: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A workspace whose calls can be looked at. */
export interface RecordedSlack extends SlackEmulator {
  /** The calls of a method since they were last looked at, oldest first. */
  calls(method: string): readonly SlackCall[];
  /** The next call of a method is refused with this code. */
  refuseNext(method: string, error: string): void;
  /** A trigger for `views.open`, good for three seconds, as a press brings one. */
  trigger(user: string): Promise<string>;
}

/** Methods that the emulator does not speak: this stand-in, which is ours, answers them as Slack's documents say. */
const ours: ReadonlySet<string> = new Set(["assistant.threads.setSuggestedPrompts", "assistant.threads.setTitle", "chat.unfurl"]);

const readArg = (value: string): unknown => {
  try {
    return /^[[{]/.test(value) ? JSON.parse(value) : value;
  } catch {
    return value;
  }
};

/** Starts the emulator, and a door of ours in front of it that writes down what passes. */
export async function startRecordedSlack(): Promise<RecordedSlack> {
  const emulator = await startSlackEmulator();
  let seen: SlackCall[] = [];
  const refusals = new Map<string, string>();
  const api = await startFakeApi(async ({ url, headers, body }): Promise<ApiAnswer> => {
    const method = url.pathname.replace("/api/", "");
    const args = Object.fromEntries([...new URLSearchParams(body)].map(([name, value]) => [name, readArg(value)]));
    const { authorization = "", "content-type": type = "" } = headers;
    seen.push({ method, token: authorization.replace("Bearer ", ""), args });
    const error = refusals.get(method);
    refusals.delete(method);
    if (error !== undefined) return { body: { ok: false, error } };
    if (ours.has(method)) return { body: { ok: true } };
    const answer = await fetch(`${emulator.apiUrl}${method}`, { method: "POST", headers: { authorization, "content-type": type }, body });
    return { status: answer.status, body: await answer.text() };
  });
  return {
    ...emulator,
    apiUrl: `${api.url}/api/`,
    calls(method) {
      const found = seen.filter((call) => call.method === method);
      seen = seen.filter((call) => call.method !== method);
      return found;
    },
    refuseNext: (method, error) => void refusals.set(method, error),
    async trigger(user) {
      const answer = await emulator.client.apiCall("views.generateTriggerId", { user_id: user });
      return z.object({ trigger_id: z.string() }).parse(answer).trigger_id;
    },
    async close() {
      await Promise.all([emulator.close(), api.close()]);
    },
  };
}
