import { describe, expect, it } from "vitest";
import { activityOf } from "../../../adapters/teams/activity.ts";
import { parseActivity } from "../../../adapters/teams/parse.ts";
import { activity, bot, execute, message, submit, type TeamsPlaceOf } from "../../setup/teams-requests.ts";

const place: TeamsPlaceOf = {
  serviceUrl: "https://smba.trafficmanager.net/emea/",
  tenant: "aaaaaaaa-1111-4111-8111-111111111111",
  conversation: "19:group@thread.v2",
  kind: "groupChat",
  user: "bbbbbbbb-1111-4111-8111-111111111111",
};
const own: TeamsPlaceOf = { ...place, kind: "personal", conversation: "a:own" };
const parsed = (raw: object) => parseActivity(activityOf(JSON.stringify(raw)));
const file = (name: string) => ({
  contentType: "application/vnd.microsoft.teams.file.download.info",
  name,
  content: { downloadUrl: "https://acme-my.sharepoint.com/personal/download?tempauth=x", uniqueId: `id-${name}` },
});

describe("what Teams sends", () => {
  it("takes the mention that called the bot away, keeps other people as names, and undoes escapes", () => {
    const entities = [
      { type: "mention", text: "<at>Apex</at>", mentioned: bot },
      { type: "mention", text: "<at>Bob</at>", mentioned: { id: "29:bob" } },
    ];
    const said = parsed({ ...message(place, "", "1"), text: "<at>Apex</at>&nbsp;what did <at>Bob</at> spend &amp; why &lt; 5?", entities });
    expect(said).toEqual({ type: "message", text: "what did @Bob spend & why < 5?", files: [] });
  });

  it("answers to mentions in chats with several people and to everything in a chat of one", () => {
    expect(parsed({ ...message(place, "hello", "1"), entities: [] })).toMatchObject({ type: "ignored" });
    expect(
      parsed({ ...message(place, "hello", "1"), entities: [{ type: "mention", text: "<at>B</at>", mentioned: { id: "29:b" } }] }),
    ).toMatchObject({ type: "ignored" });
    expect(parsed(message(own, "hello", "1"))).toMatchObject({ type: "message", text: "hello" });
  });

  it("takes files of usage, and others only where nothing was asked besides", () => {
    const attachments = [file("usage.csv"), file("photo.png"), { contentType: "text/html", content: "<p>hi</p>" }];
    expect(parsed(message(own, "", "1", { attachments }))).toMatchObject({ text: "Import usage.csv", files: [{ name: "usage.csv" }] });
    expect(parsed(message(own, "", "1", { attachments: [file("photo.png")] }))).toMatchObject({ files: [{ name: "photo.png" }] });
    expect(parsed(message(own, "why?", "1", { attachments: [file("photo.png")] }))).toMatchObject({ text: "why?", files: [] });
  });

  it.each([
    ["an edit", activity(place, "messageUpdate", "1", { text: "hello" })],
    ["a reaction", activity(place, "messageReaction", "1", { reactionsAdded: [{ type: "like" }] })],
    ["typing", activity(place, "typing", "1", {})],
    ["someone who joined", activity(place, "conversationUpdate", "1", { membersAdded: [{ id: "29:x" }] })],
    ["a search of a message extension", activity(place, "invoke", "1", { name: "composeExtension/query", value: {} })],
    ["the bot's own words", { ...message(own, "hello", "1"), from: bot }],
  ])("ignores %s", (_, raw) => {
    expect(parsed(raw)).toMatchObject({ type: "ignored" });
  });

  it.each([
    ["the app was removed", activity(own, "installationUpdate", "1", { action: "remove" })],
    ["the bot was removed", activity(place, "conversationUpdate", "1", { membersRemoved: [{ id: bot.id }] })],
    [
      "the team was deleted",
      activity(place, "conversationUpdate", "1", { channelData: { tenant: { id: place.tenant }, eventType: "teamDeleted" } }),
    ],
  ])("knows that it was taken out where %s", (_, raw) => {
    expect(parsed(raw)).toEqual({ type: "taken out" });
  });

  it("reads the same press of both kinds of buttons, and which drawing of the card it was on", () => {
    expect(parsed(execute(place, "approve", { id: "apr_1" }, "1", 12))).toMatchObject({
      type: "press",
      action: "approve",
      about: "apr_1",
      card: "12",
    });
    expect(parsed(submit(place, { action: "approve", id: "apr_1" }, "1"))).toMatchObject({
      type: "press",
      action: "approve",
      about: "apr_1",
    });
  });

  it("keeps of a form what was filled in, and nothing that our button carried", () => {
    const sent = parsed(execute(place, "form", { form: "reject", id: "apr_1", reason: "no", nested: { a: 1 } }, "1"));
    expect(sent).toMatchObject({ type: "sent", sent: { form: "reject", about: "apr_1", values: { reason: "no" } } });
    expect(sent.type === "sent" ? Object.keys(sent.sent.values) : []).toEqual(["reason"]);
  });
});
