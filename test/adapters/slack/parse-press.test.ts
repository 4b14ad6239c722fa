import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import type { RawRequest } from "../../../src/core/delivery.ts";
import { newId } from "../../../src/core/ids.ts";
import { homePress, modalSent, shortcut } from "../../setup/slack-interactions.ts";
import { eventBody, press, signed, signingSecret } from "../../setup/slack-requests.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const now = new Date();
const place = { team: "T1", channel: "C1", user: "U1" };
const adapter = createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: "http://127.0.0.1:9/api/", log: quiet });
const hear = (raw: RawRequest) => adapter.receive(raw, now);

const record = (json: string) => z.record(z.string(), z.unknown()).parse(JSON.parse(json));

/** The same request from a team of an enterprise that Apex is installed in as a whole. */
function orgWide(raw: RawRequest, personTeam = "T1"): RawRequest {
  const payload = record(new URLSearchParams(raw.body).get("payload") ?? "{}");
  const user = { id: "U1", name: "alice", team_id: personTeam };
  const wide = { ...payload, user, enterprise: { id: "E1", name: "Acme" }, is_enterprise_install: true };
  return signed(new URLSearchParams({ payload: JSON.stringify(wide) }).toString(), now, "application/x-www-form-urlencoded");
}

const approvalId = newId("approval");
const runId = newId("run");
const button = (action: string, value: string) => press(place, { action, value, actionTs: "3.3", messageTs: "2.2" }, now);
const sent = (memory: string) => modalSent(place, { viewId: "V1", name: "reject", memory, values: { reason: "no" } }, now);
const memory = JSON.stringify({ about: approvalId, channel: "C1", thread: "2.2" });

describe("reading presses, shortcuts and forms", () => {
  it("asks for a form where something is asked first, and knows it by its press's place", async () => {
    expect(await hear(button("reject", approvalId))).toMatchObject({
      type: "form",
      request: { form: "reject", about: approvalId, thread: { workspace: "T1", channel: "C1", thread: "2.2" }, author: { userId: "U1" } },
    });
  });

  it("reads feedback by which of the two buttons was pressed", async () => {
    expect(await hear(button("feedback", `helpful ${runId}`))).toMatchObject({ event: { type: "feedback", runId, helpful: true } });
    expect(await hear(button("feedback", `unhelpful ${runId}`))).toMatchObject({ event: { type: "feedback", runId, helpful: false } });
  });

  it.each([
    ["feedback", `helpful ${approvalId}`],
    ["feedback", `approve ${approvalId}`],
    ["feedback", `helpful ${runId} more`],
    ["feedback", ""],
    ["approve", runId],
    ["helpful", approvalId],
    ["delete_all", approvalId],
  ])("refuses a button %s with the value %j", async (action, value) => {
    await expect(hear(button(action, value))).rejects.toMatchObject({ code: "bad_input" });
  });

  it("answers what was pressed in the Home tab, or asked by a shortcut, in the conversation with its presser", async () => {
    expect(await hear(homePress(place, { action: "details", value: approvalId }, now))).toMatchObject({
      event: { type: "click", action: "details", thread: { channel: "U1", thread: "" } },
    });
    expect(await hear(shortcut(place, "ask_about", "1.2.t", "the <@U9> bill", now))).toMatchObject({
      request: { form: "ask", given: { question: "the @U9 bill" }, thread: { channel: "U1" } },
    });
  });

  it("does not hear a shortcut that it has not", async () => {
    expect(await hear(shortcut(place, "delete_all", "1.2.t", undefined, now))).toMatchObject({ type: "ignored" });
  });

  it.each(["{}", "nonsense", '{"about":"x","channel":"C1","thread":"1","role":"admin"}', "[1]"])(
    "refuses a form that remembers %s",
    async (wrong) => {
      await expect(hear(sent(wrong))).rejects.toMatchObject({ code: "bad_input" });
    },
  );

  it("makes one event of a form that is sent twice", async () => {
    const [first, second] = await Promise.all([hear(sent(memory)), hear(sent(memory))]);
    const idOf = (reception: typeof first) => (reception.type === "event" ? reception.event.eventId : reception.type);
    expect(idOf(first)).toBe("sent-V1");
    expect(idOf(second)).toBe("sent-V1");
  });
});

describe("Enterprise Grid", () => {
  it.each([
    ["a press", () => orgWide(button("approve", approvalId))],
    ["feedback", () => orgWide(button("feedback", `helpful ${runId}`))],
    ["a press in the Home tab", () => orgWide(homePress(place, { action: "approve", value: approvalId }, now))],
    ["a form", () => orgWide(sent(memory))],
  ])("knows %s by the enterprise, where Apex is installed in all of it", async (_, raw) => {
    expect(await hear(raw())).toMatchObject({ event: { thread: { workspace: "E1" }, author: { workspace: "E1", userId: "U1" } } });
  });

  it("knows a shortcut so too, and the form of a press", async () => {
    for (const raw of [shortcut(place, "ask", "1.2.t", undefined, now), button("reject", approvalId)])
      expect(await hear(orgWide(raw))).toMatchObject({ request: { thread: { workspace: "E1" }, author: { workspace: "E1" } } });
  });

  it("leaves someone of another team what they are there: nothing in the press vouches for them", async () => {
    expect(await hear(orgWide(button("approve", approvalId), "T2"))).toMatchObject({
      event: { thread: { workspace: "E1" }, author: { workspace: "T2" } },
    });
  });

  it.each([
    ["app_home_opened", { tab: "home" }],
    ["assistant_thread_started", { assistant_thread: { user_id: "U1", channel_id: "D1", thread_ts: "1.1", context: {} } }],
    ["app_uninstalled", {}],
    ["tokens_revoked", { tokens: { bot: ["U0APEX"] } }],
  ])("knows %s by the enterprise, also where no team is named", async (type, more) => {
    const body = JSON.stringify({
      ...record(eventBody({ ...place, channel: "D1" }, "Ev1", { type, ...more })),
      team_id: null,
      enterprise_id: "E1",
      authorizations: [{ enterprise_id: "E1", team_id: null, user_id: "U0APEX", is_bot: true, is_enterprise_install: true }],
    });
    expect(await hear(signed(body, now))).toMatchObject({ event: { thread: { workspace: "E1" } } });
  });

  it("names the enterprise that has uninstalled Apex where the event holds no authorisation any more", async () => {
    const body = { type: "event_callback", team_id: null, enterprise_id: "E1", event_id: "Ev1", event: { type: "app_uninstalled" } };
    expect(await hear(signed(JSON.stringify(body), now))).toMatchObject({ event: { type: "removed", thread: { workspace: "E1" } } });
  });
});
