import { describe, expect, it } from "vitest";
import { parseCommand, parseMention, unescapeSlack } from "../../../adapters/slack/parse.ts";
import { parsePress } from "../../../adapters/slack/parse-press.ts";
import { placeOf } from "../../../adapters/slack/thread-key.ts";
import { newId } from "../../../src/core/ids.ts";
import { command, eventBody, press } from "../../setup/slack-requests.ts";

const now = new Date("2026-11-23T12:00:00Z");
const place = { team: "T1", channel: "C1", user: "U1" };
const heard = (event: Readonly<Record<string, unknown>>, at = place) =>
  parseMention(JSON.parse(eventBody(at, "Ev1", { type: "app_mention", ts: "5.5", text: "", ...event })), now);

describe("reading what Slack sends", () => {
  it.each([
    ["<@U0APEX> why did the bill jump?", "why did the bill jump?"],
    ["<@U0APEX>, why?", "why?"],
    ["<@U0APEX|apex>: why?", "why?"],
    ["hey <@U0APEX> why?", "hey @U0APEX why?"],
    ["<@U0APEX>", ""],
    ["<@U0APEX> is a &lt; b &amp;&amp; c &gt; d?", "is a < b && c > d?"],
    ["<@U0APEX> see <https://example.com|the page> in <#C9|spend> by <@U2>", "see the page in #spend by @U2"],
  ])("takes %j for %j", (text, question) => {
    expect(heard({ text })).toMatchObject({ type: "event", event: { text: question } });
  });

  it("does not unescape twice", () => {
    expect(unescapeSlack("&amp;lt;script&amp;gt;")).toBe("&lt;script&gt;");
  });

  it("answers in the thread of a mention, or starts one under it", () => {
    expect(heard({ thread_ts: "4.4" })).toMatchObject({ event: { thread: { channel: "C1", thread: "4.4" } } });
    expect(heard({})).toMatchObject({ event: { thread: { channel: "C1", thread: "5.5" } } });
  });

  it("leaves a mention in a direct message to the message event", () => {
    expect(heard({}, { ...place, channel: "D1" })).toMatchObject({ type: "ignored" });
  });

  it("knows a guest by their own workspace", () => {
    expect(heard({ user_team: "T2", team: "T1" })).toMatchObject({ event: { author: { workspace: "T2" }, thread: { workspace: "T1" } } });
  });

  const form = (raw: { readonly body: string }): unknown => {
    const fields = new URLSearchParams(raw.body);
    const payload = fields.get("payload");
    return payload === null ? Object.fromEntries(fields) : JSON.parse(payload);
  };

  it("gives each command a thread of its own, and remembers who asked", () => {
    const threadOf = (trigger: string) => {
      const reception = parseCommand(form(command(place, trigger, "why?", now)), now);
      if (reception.type !== "event") throw new Error(reception.type);
      return reception.event.thread;
    };
    expect(threadOf("1.2.a")).toEqual(threadOf("1.2.a"));
    expect(threadOf("1.2.a")).not.toEqual(threadOf("1.2.b"));
    expect(placeOf(threadOf("1.2.a"))).toEqual({ channel: "C1", threadTs: undefined, asker: "U1" });
  });

  it("answers a command between two people in the bot's own conversation", () => {
    const reception = parseCommand(form(command({ ...place, channel: "D9", channelName: "directmessage" }, "1.2.a", "why?", now)), now);
    expect(reception).toMatchObject({ event: { thread: { channel: "U1" } } });
  });

  it("tells two presses of one button apart, and one press from its repeat", () => {
    const approval = newId("approval");
    const idOf = (user: string, actionTs: string) => {
      const raw = press({ ...place, user }, { action: "approve", value: approval, actionTs, messageTs: "5.5" }, now);
      const reception = parsePress(form(raw), now, { clientsOf: () => Promise.reject(new Error("no call is made")) });
      return reception.type === "event" ? reception.event.eventId : "";
    };
    expect(new Set([idOf("U1", "1"), idOf("U1", "1"), idOf("U2", "1"), idOf("U1", "2")]).size).toBe(3);
  });
});
