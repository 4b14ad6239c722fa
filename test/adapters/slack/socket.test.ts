import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import { AppError } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { hearEvent } from "../../../src/flows/hear-event.ts";
import { keepListening } from "../../../src/flows/keep-listening.ts";
import { openForm } from "../../../src/flows/open-form.ts";
import { command, directMessage, eventBody, mention, type Place, press } from "../../setup/slack-requests.ts";
import { type SlackSockets, startSlackSockets } from "../../setup/slack-sockets.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const place: Place = { team: "T1", channel: "C1", user: "U1" };

/** The payload of a request as it would come by HTTP. */
const payloadOf = ({ body }: { readonly body: string }): unknown => {
  if (body.startsWith("{")) return JSON.parse(body);
  const form = new URLSearchParams(body);
  return form.has("payload") ? JSON.parse(form.get("payload") ?? "") : Object.fromEntries(form);
};

describe("Slack over a socket (Socket Mode), against a stand-in of ours", () => {
  let db: TestDatabase;
  let slack: SlackSockets;
  let stop: AbortController;
  let listening: Promise<unknown>[] = [];
  const errors: string[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (message: string) => void errors.push(message) };
  const queued: string[] = [];
  /** Fails so many times to take an event in, as where the store is away. */
  let storeAway = 0;

  const adapter = () => createSlackAdapter({ botToken: "xoxb-1", appToken: "xapp-1-A1-secret", apiUrl: slack.apiUrl, log });
  const listen = (): void => {
    const receive = {
      ...db.stores,
      jobs: { enqueue: async (job: object) => void queued.push(JSON.stringify(job)) },
      log,
    };
    const listener = {
      hear: async (event: Parameters<typeof hearEvent>[1]) => {
        if (storeAway > 0) {
          storeAway -= 1;
          throw new AppError("busy", "The store is away.");
        }
        return hearEvent(receive, event);
      },
      form: (request: Parameters<typeof openForm>[1]) => openForm(receive, request),
    };
    const from = adapter();
    const once = async (until: AbortSignal) => from.listen?.(listener, until);
    listening.push(keepListening(once, { to: "Slack", log, pauseMs: 20 }, stop.signal));
  };
  const counts = async () => new Set(queued).size;

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
  });
  afterAll(() => db.drop());
  beforeEach(async () => {
    slack = await startSlackSockets();
    stop = new AbortController();
    listening = [];
    for (const list of [errors, queued]) list.length = 0;
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(listening);
    await slack.close();
  });

  it("asks for a socket with the app's token, and acknowledges what it has stored by the envelope's id", async () => {
    listen();
    await slack.connected();
    expect(slack.asked).toEqual(["Bearer xapp-1-A1-secret"]);
    const envelope = slack.send("events_api", payloadOf(mention(place, `Ev${randomUUID()}`, "how?", "1.1", new Date())));
    expect(await slack.acked(envelope)).toEqual({ envelopeId: envelope, payload: {} });
    expect(queued).toHaveLength(1);
  });

  it("answers a command in its acknowledgement, and takes presses and direct messages as over HTTP", async () => {
    listen();
    await slack.connected();
    const asked = await slack.acked(slack.send("slash_commands", payloadOf(command(place, randomUUID(), "spend", new Date()))));
    expect(asked.payload).toMatchObject({ response_type: "ephemeral", text: "Looking into it: spend" });
    const button = { action: "approve", value: newId("approval"), actionTs: "1.1", messageTs: "2.2" };
    await slack.acked(slack.send("interactive", payloadOf(press(place, button, new Date()))));
    await slack.acked(
      slack.send("events_api", payloadOf(directMessage({ ...place, channel: "D1" }, randomUUID(), "hi", "3.3", new Date()))),
    );
    expect(queued.map((job) => /"name":"(\w+)"/.exec(job)?.[1])).toEqual(["run", "decide", "run"]);
  });

  it("acknowledges nothing that it could not store, so that Slack sends it again", async () => {
    listen();
    await slack.connected();
    storeAway = 1;
    const payload = payloadOf(mention(place, `Ev${randomUUID()}`, "how?", "1.1", new Date()));
    const first = slack.send("events_api", payload);
    await expect.poll(() => errors).toHaveLength(1);
    expect(slack.acks).toEqual([]);
    await slack.acked(slack.send("events_api", payload));
    expect([slack.acks.some(({ envelopeId }) => envelopeId === first), queued.length]).toEqual([false, 1]);
  });

  it("acts once on an event that comes over two sockets, and again after a reconnection", async () => {
    listen();
    listen();
    await slack.connected(2);
    const payload = payloadOf(mention(place, `Ev${randomUUID()}`, "how?", "1.1", new Date()));
    await Promise.all([0, 1, 0].map(async (socket) => slack.acked(slack.send("events_api", payload, socket))));
    slack.warn("refresh_requested");
    await expect.poll(() => slack.asked.length).toBe(4);
    await slack.connected(2);
    await slack.acked(slack.send("events_api", payload));
    expect(await counts()).toBe(1);
  });

  it.each(["warning", "refresh_requested"] as const)(
    "connects again after a disconnect of kind %s, and after a socket that breaks",
    async (reason) => {
      listen();
      await slack.connected();
      slack.warn(reason);
      await expect.poll(() => slack.asked.length).toBe(2);
      await slack.connected();
      slack.open[0]?.terminate();
      await expect.poll(() => slack.asked.length).toBe(3);
      await slack.connected();
      await slack.acked(slack.send("events_api", payloadOf(mention(place, `Ev${randomUUID()}`, "how?", "1.1", new Date()))));
    },
  );

  it("goes on trying where Slack refuses a socket, and says so", async () => {
    slack.refuse("internal_error", 3);
    listen();
    await slack.connected();
    expect(slack.asked).toHaveLength(4);
    expect(errors.filter((message) => message.includes("could not be listened to"))).toHaveLength(3);
  });

  it("does not try again where the app's token is refused, until a setting is changed", async () => {
    slack.refuse("invalid_auth");
    listen();
    await Promise.all(listening);
    expect([slack.asked.length, errors.at(-1)]).toEqual([1, "Slack is off until its settings are put right and Apex is started again."]);
  });

  it("ignores garbage and kinds that it does not know, acknowledged, and goes on", async () => {
    listen();
    await slack.connected();
    slack.open[0]?.send("{ not json");
    slack.open[0]?.send(JSON.stringify({ type: "something_new" }));
    await slack.acked(slack.send("events_api", { type: "event_callback", event: { type: "app_mention" } }));
    await slack.acked(slack.send("events_api", JSON.parse(eventBody(place, "Ev1", { type: "reaction_added" }))));
    await slack.acked(slack.send("events_api", payloadOf(mention(place, `Ev${randomUUID()}`, "how?", "1.1", new Date()))));
    expect(queued).toHaveLength(1);
  });

  it("takes nothing by HTTP without a signing secret", async () => {
    await expect(adapter().receive(mention(place, "Ev1", "how?", "1.1", new Date()), new Date())).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });
});
