import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createDiscordAdapter } from "../../../adapters/discord/index.ts";
import { markOf } from "../../../adapters/discord/render.ts";
import { runCard } from "../../../adapters/run-card.ts";
import type { ThreadKey } from "../../../src/core/conversation.ts";
import { AppError } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { everyView } from "../../contract/run-views.ts";
import { commandData, interaction, pressData, publicKey, signed } from "../../setup/discord-requests.ts";
import { refusedBySchema } from "./wire-limits.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "discord", workspace: "1", channel: "2", thread: "3" };
const existing = { channel: "3", messageId: "9" };
const bob = { platform: "discord" as const, workspace: "1", userId: "5", name: "Bob" };

/** A small server of our own that answers as Discord's documents say; the twin knows no limits, no failures and no attachments. */
describe("Discord's answers to what is sent", () => {
  interface Call {
    readonly what: string;
    readonly type: string;
    readonly body: string;
  }
  const calls: Call[] = [];
  let answer: (call: Call, response: ServerResponse) => void = () => undefined;
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = (request.url ?? "").replace("/api/v10", "").replace(/\?.*/, "");
      const body = Buffer.concat(chunks).toString("latin1");
      const call = { what: `${request.method ?? ""} ${path}`, type: request.headers["content-type"] ?? "", body };
      calls.push(call);
      answer(call, response);
    });
  });
  let make: (pictures?: boolean) => ReturnType<typeof createDiscordAdapter>;
  const say =
    (body: unknown, status = 200, headers = {}) =>
    (_: Call, response: ServerResponse) => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
  const posted = say({ id: "7", channel_id: "3" });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const pictures = { png: async () => new Uint8Array([137, 80, 78, 71]), alt: () => "gpt-5 is the largest." };
    make = (withPictures = false) =>
      createDiscordAdapter({
        botToken: "bot-token",
        publicKey,
        applicationId: "4",
        guilds: ["1"],
        apiUrl: `http://127.0.0.1:${port}/api`,
        log: quiet,
        ...(withPictures ? { pictures } : {}),
      });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    calls.length = 0;
  });

  const view = everyView()["ready"];
  const send = async (edit = false, adapter = make(), about: string = newId("run")): Promise<unknown> => {
    if (view === undefined) throw new Error("no view");
    try {
      return await adapter.send(thread, adapter.render(runCard(view)), edit ? existing : undefined, about);
    } catch (error) {
      return error instanceof AppError ? [error.code, error.retry, error.retryAfterMs] : error;
    }
  };
  const asked = () => calls.map(({ what }) => what);

  it("waits as long as Discord asks, and does not ask again by itself", async () => {
    answer = say({ message: "You are being rate limited.", retry_after: 7, global: false }, 429, { "retry-after": "7" });
    const limited = z.tuple([z.literal("rate_limited"), z.literal(true), z.number()]).parse(await send());
    expect(limited[2]).toBeGreaterThanOrEqual(7_000);
    expect(calls).toHaveLength(1);
  });

  it("never posts twice by itself, and names each post so that Discord posts it once", async () => {
    answer = say({}, 503);
    expect(await send()).toEqual(["provider_down", true, undefined]);
    answer = (_, response) => response.destroy();
    expect(await send()).toEqual(["provider_down", true, undefined]);
    expect(calls).toHaveLength(2);
    calls.length = 0;
    answer = posted;
    const about = newId("run");
    await send(false, make(), about);
    await send(false, make(), about);
    await send(false, make());
    const nonces = calls.map(({ body }) => /"nonce":"([^"]{1,25})","enforce_nonce":true/.exec(body)?.[1]);
    expect(nonces[0]).toBeDefined();
    expect(nonces[1]).toBe(nonces[0]);
    expect(nonces[2]).not.toBe(nonces[0]);
  });

  it("repeats an edit once, since an edit may be repeated", async () => {
    answer = (call, response) => (calls.length === 1 ? response.destroy() : say({ id: "9" })(call, response));
    expect(await send(true)).toEqual(existing);
    expect(asked()).toEqual(["PATCH /channels/3/messages/9", "PATCH /channels/3/messages/9"]);
  });

  it("gives up on a call that takes too long", async () => {
    answer = () => undefined;
    expect(await send()).toEqual(["timeout", true, undefined]);
  });

  it.each([
    [401, 0, "not_configured"],
    [403, 50_001, "forbidden"],
    [403, 50_013, "forbidden"],
    [404, 10_003, "not_found"],
    [400, 30_046, "rate_limited"],
    [400, 50_035, "internal"],
    [400, 999_999, "internal"],
  ])("takes %i with code %i for %s", async (status, code, meaning) => {
    answer = say({ code, message: "no" }, status);
    expect(await send()).toEqual([meaning, meaning === "rate_limited", undefined]);
  });

  it("goes on after its token was refused once", async () => {
    const adapter = make();
    answer = say({ code: 0, message: "401: Unauthorized" }, 401);
    expect(await send(false, adapter)).toEqual(["not_configured", false, undefined]);
    answer = posted;
    expect(await send(false, adapter)).toEqual({ channel: "3", messageId: "7" });
  });

  it("stops calling after its token was refused three times, whatever it is asked to do, and says what to set", async () => {
    const adapter = make();
    answer = say({ code: 0, message: "401: Unauthorized" }, 401);
    for (let i = 0; i < 5; i += 1) expect(await send(i % 2 === 0, adapter)).toEqual(["not_configured", false, undefined]);
    expect(calls).toHaveLength(3);
    await expect(adapter.find(thread, newId("run"))).rejects.toThrow("set DISCORD_BOT_TOKEN");
    expect(calls).toHaveLength(3);
  });

  it.each([10_008, 50_005])("posts anew where the message can no longer be edited (%i)", async (code) => {
    answer = (call, response) => (call.what.startsWith("PATCH") ? say({ code, message: "gone" }, 404) : posted)(call, response);
    expect(await send(true)).toEqual({ channel: "3", messageId: "7" });
  });

  it("pings nobody", async () => {
    answer = posted;
    await send();
    expect(calls[0]?.body).toContain('"allowed_mentions":{"parse":[]}');
  });

  it("attaches a chart as a picture with words for those who cannot see it, on posts and edits", async () => {
    answer = posted;
    await send(false, make(true));
    await send(true, make(true));
    for (const { type, body } of calls) {
      expect(type).toContain("multipart/form-data");
      const payload: unknown = JSON.parse(/name="payload_json"\r\n\r\n(.*?)\r\n--/s.exec(body)?.[1] ?? "");
      expect(refusedBySchema("MessageEditRequestPartial", payload)).toEqual([]);
      expect(payload).toMatchObject({ attachments: [{ id: "0", filename: "chart-0.png", description: "gpt-5 is the largest." }] });
      expect(JSON.stringify(payload)).toContain('"url":"attachment://chart-0.png"');
      expect(body).toContain('name="files[0]"; filename="chart-0.png"');
    }
  });

  it("searches a long channel page by page, and takes nobody else's message for its own", async () => {
    const about = newId("run");
    const page = (n: number) =>
      Array.from({ length: 100 }, (_, i) => ({
        id: `${10_000 - n * 100 - i}`,
        author: { id: n === 0 ? "6" : "4" },
        components: i === 5 && n !== 1 ? [{ id: markOf(about) }] : [],
      }));
    let pages = 0;
    answer = (call, response) => say(call.what.endsWith("@me") ? { id: "4" } : page(pages++))(call, response);
    expect(await make().find(thread, about)).toEqual({ channel: "3", messageId: `${10_000 - 205}` });
    expect(pages).toBe(3);
  });

  it("tells a person in a direct message where no command or press of theirs is fresh", async () => {
    answer = (call, response) => say(call.what.endsWith("@me/channels") ? { id: "8" } : { id: "7", channel_id: "8" })(call, response);
    await make().tell(thread, bob, "only an admin may");
    expect(asked()).toEqual(["POST /users/@me/channels", "POST /channels/8/messages"]);
  });

  it("opens the conversation with one person, and asks again where Discord fails", async () => {
    answer = (call, response) => (calls.length === 1 ? say({}, 503)(call, response) : say({ id: "8" })(call, response));
    expect(await make().direct(bob)).toEqual({ platform: "discord", workspace: "1", channel: "8", thread: "" });
    expect(asked()).toEqual(["POST /users/@me/channels", "POST /users/@me/channels"]);
  });

  it.each([
    [401, 50_027],
    [404, 10_015],
    [404, 10_062],
  ])(
    "tells a person in a direct message where the token of their last press is too old (%i, %i), and goes on calling",
    async (status, code) => {
      const adapter = make();
      const pressed = interaction(
        { applicationId: "4", guild: "1", channel: "3", user: "5" },
        "31",
        3,
        pressData(`details:${newId("approval")}`),
      );
      await adapter.receive(signed(JSON.stringify(pressed), new Date()), new Date());
      const at = { ...thread, channel: "3", thread: "" };
      answer = (call, response) => {
        if (call.what.startsWith("POST /webhooks")) say({ code, message: "no" }, status)(call, response);
        else say({ id: "8", channel_id: "8" })(call, response);
      };
      for (let i = 0; i < 4; i += 1) await adapter.tell(at, bob, "decided");
      expect(asked().filter((what) => what.startsWith("POST /webhooks"))).toHaveLength(1);
      expect(asked().filter((what) => what === "POST /channels/8/messages")).toHaveLength(4);
    },
  );

  it("posts the run's message in the channel where the deferred answer of its command is lost", async () => {
    const adapter = make();
    const place = { applicationId: "4", guild: "1", channel: "3", user: "5" };
    const command = interaction(place, "900000000000000077", 2, commandData("why?"), "late");
    const reception = await adapter.receive(signed(JSON.stringify(command), new Date()), new Date());
    if (reception.type !== "event") throw new Error("no event");
    answer = (call, response) => {
      if (call.what.startsWith("PATCH /webhooks")) say({ code: 50_027, message: "Invalid Webhook Token" }, 401)(call, response);
      else if (call.what.endsWith("@me")) say({ id: "4" })(call, response);
      else if (call.what.startsWith("GET")) say([])(call, response);
      else posted(call, response);
    };
    const runId = newId("run");
    await reception.afterwards?.({ type: "taken", runId, duplicate: false });
    if (view === undefined) throw new Error("no view");
    expect(await adapter.send(reception.event.thread, adapter.render(runCard(view)), undefined, runId)).toEqual({
      channel: "3",
      messageId: "7",
    });
    expect(asked().filter((what) => what.startsWith("PATCH"))).toEqual(["PATCH /webhooks/4/late/messages/@original"]);
    expect(asked().at(-1)).toBe("POST /channels/3/messages");
  });

  it("edits through the channel with the bot's own token, however old the command is", async () => {
    answer = posted;
    await send(true);
    expect(asked()).toEqual(["PATCH /channels/3/messages/9"]);
  });

  it("says so where a person takes no direct messages", async () => {
    answer = (call, response) =>
      (call.what.endsWith("@me/channels") ? say({ id: "8" }) : say({ code: 50_007, message: "no" }, 403))(call, response);
    await expect(make().tell(thread, bob, "no")).rejects.toMatchObject({ code: "forbidden" });
  });
});
