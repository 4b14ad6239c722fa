import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modalOf } from "../../../adapters/discord/modal.ts";
import { parseInteraction, parseMessage } from "../../../adapters/discord/parse.ts";
import { escapeTo } from "../../../adapters/discord/text.ts";
import { placeOf } from "../../../adapters/discord/thread-key.ts";
import { createTokenBook } from "../../../adapters/discord/token-book.ts";
import { AppError } from "../../../src/core/errors.ts";
import { askForm, eventOfForm, type Form, rejectForm } from "../../../src/core/form.ts";
import { newId } from "../../../src/core/ids.ts";
import { budgetForm, digestForm } from "../../../src/flows/setting-forms.ts";
import { interaction, reasonData } from "../../setup/discord-requests.ts";
import { brokenLimits, refusedBySchema } from "./wire-limits.ts";

const bot = "42";
const said = (more: Readonly<Record<string, unknown>>) =>
  parseMessage(
    { id: "1", type: 0, channel_id: "2", guild_id: "3", author: { id: "5", username: "bob" }, content: "hi", mentions: [], ...more },
    bot,
  );

describe("reading what Discord sends", () => {
  it.each([
    ["<@42> why did the bill jump?", "why did the bill jump?"],
    ["<@!42>, why?", "why?"],
    ["<@42>", ""],
    ["hey <@42> why?", "hey <@42> why?"],
  ])("takes %j for %j", (content, text) => {
    expect(said({ content })).toMatchObject({ text });
  });

  it("hears a reply that pings the bot, and whatever is written to it directly", () => {
    expect(said({ type: 19, mentions: [{ id: bot }] })).toMatchObject({ text: "hi" });
    expect(said({ guild_id: undefined })).toMatchObject({ text: "hi", guild: undefined });
  });

  it.each([
    ["what is not addressed to it", {}],
    ["a mention of everyone", { content: "@everyone" }],
    ["a mention of another", { content: "<@421>" }],
    ["a bot", { content: "<@42>", author: { id: "6", username: "x", bot: true } }],
    ["itself", { content: "<@42>", author: { id: bot, username: "Apex" } }],
    ["a webhook", { content: "<@42>", webhook_id: "9" }],
    ["a notice of a pin", { content: "<@42>", type: 6 }],
  ])("ignores %s", (_, more) => {
    expect(said(more)).toBeUndefined();
  });

  it("reads a reason from either shape of a form, and cuts it to 500 characters", () => {
    const id = newId("approval");
    const place = { applicationId: "4", guild: "3", channel: "2", user: "5" };
    const old = { custom_id: `reject:${id}`, components: [{ components: [{ custom_id: "reason", value: "w".repeat(900) }] }] };
    const origin = {
      eventId: "1",
      thread: { platform: "discord" as const, workspace: "3", channel: "2", thread: "" },
      author: { platform: "discord" as const, workspace: "3", userId: "5", name: "bob" },
      receivedAt: "2026-11-01T00:00:00.000Z",
    };
    const reasonIn = (data: unknown): string | undefined => {
      const parsed = parseInteraction(interaction(place, "1", 5, data), "4");
      const event = parsed.type === "sent" ? eventOfForm(origin, parsed.sent) : undefined;
      return event?.type === "click" && event.action === "reject" && event.approvalId === id ? event.reason : "none";
    };
    expect(reasonIn(reasonData(`reject:${id}`, " too risky "))).toBe("too risky");
    expect(reasonIn(reasonData(`reject:${id}`, "  "))).toBeUndefined();
    expect(reasonIn(old)).toHaveLength(500);
  });

  it.each(["reject:run_1", "reject:", "approve:apr_1", "delete:apr_1"])("refuses a form that is none of ours: %s", (customId) => {
    const read = () => {
      const parsed = parseInteraction(
        interaction({ applicationId: "4", guild: "3", channel: "2", user: "5" }, "1", 5, reasonData(customId, "x")),
        "4",
      );
      return parsed.type === "sent"
        ? eventOfForm(
            {
              eventId: "1",
              thread: { platform: "discord", workspace: "3", channel: "2", thread: "" },
              author: { platform: "discord", workspace: "3", userId: "5", name: "" },
              receivedAt: "",
            },
            parsed.sent,
          )
        : parsed;
    };
    expect(read).toThrow(AppError);
  });

  it("reads what was chosen from a list in a form", () => {
    const place = { applicationId: "4", guild: "3", channel: "2", user: "5" };
    const field = (component: unknown) => ({ type: 18, component });
    const components = [
      field({ type: 3, custom_id: "day", values: ["monday"] }),
      field({ type: 3, custom_id: "hour", values: [] }),
      field({ type: 4, custom_id: "zone", value: "Europe/Berlin" }),
    ];
    expect(parseInteraction(interaction(place, "1", 5, { custom_id: "ask:", components }), "4")).toMatchObject({
      sent: { values: { day: "monday", hour: "", zone: "Europe/Berlin" } },
    });
  });

  it("takes the file of /apex-import, and no address that is none", () => {
    const place = { applicationId: "4", guild: "3", channel: "2", user: "5" };
    const attachment = {
      id: "6",
      filename: "usage.csv",
      size: 9,
      url: "https://cdn.discordapp.com/ephemeral-attachments/1/6/usage.csv?ex=1",
    };
    const data = (url: string) => ({
      name: "apex-import",
      options: [{ name: "file", type: 11, value: "6" }],
      resolved: { attachments: { "6": { ...attachment, url } } },
    });
    expect(parseInteraction(interaction(place, "1", 2, data(attachment.url)), "4")).toMatchObject({
      text: "Import usage.csv",
      files: [{ id: "6", name: "usage.csv", size: 9, url: attachment.url }],
    });
    expect(() => parseInteraction(interaction(place, "1", 2, data("nowhere")), "4")).toThrow(AppError);
  });

  it("either reads an interaction or refuses it with a sentence, whatever comes", () => {
    const read = (body: unknown): string => {
      try {
        return parseInteraction(body, "4").type;
      } catch (error) {
        return error instanceof AppError ? error.code : String(error);
      }
    };
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(["ping", "ignored", "bad_input"]).toContain(read(body));
      }),
    );
  });

  const choices = Array.from({ length: 40 }, (_, i) => ({ value: `${i}`, label: `Choice ${i} ${"x".repeat(200)}` }));
  const longForm: Form = {
    name: "ask",
    about: newId("run"),
    title: "A form with more of everything than fits ".repeat(5),
    submit: "Send",
    fields: Array.from({ length: 9 }, (_, i) => ({
      type: "choice",
      name: `field${i}`,
      label: "A label ".repeat(20),
      options: choices,
      initial: "3",
    })),
  };

  it.each([
    rejectForm(newId("approval")),
    askForm("x".repeat(5_000)),
    digestForm("", undefined, "UTC"),
    budgetForm("", undefined),
    longForm,
  ])("draws the form $title within Discord's limits", (form) => {
    expect(refusedBySchema("ModalInteractionCallbackRequest", { type: 9, data: modalOf(form) })).toEqual([]);
  });

  it("checks against a schema that does refuse", () => {
    const text = (content: string) => ({ components: [{ type: 10, content }] });
    const button = { type: 2, style: 1, label: "x".repeat(81), custom_id: "y".repeat(101) };
    expect(refusedBySchema("MessageCreateRequest", text("fine"))).toEqual([]);
    expect(refusedBySchema("MessageCreateRequest", text("x".repeat(4_001)))).not.toEqual([]);
    expect(refusedBySchema("MessageCreateRequest", { components: [{ type: 1, components: [button] }] })).not.toEqual([]);
    expect(brokenLimits([{ type: 10, content: "hi <@1>" }])).not.toEqual([]);
  });

  it("escapes within a limit: no mention, link, heading or code block of foreign text survives", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300, unit: fc.constantFrom(...Array.from("ab \n-#>[](<@&!1:*_~`|\\")) }),
        fc.integer({ min: 1, max: 200 }),
        (text, max) => {
          const safe = escapeTo(text, max);
          return safe.length <= max && !/(?<!\\)(?:\\\\)*(<@|\[.*\]\(|`)/.test(safe) && !/@(everyone|here|&)/.test(safe);
        },
      ),
    );
    expect(escapeTo("x".repeat(3_000), 2_000)).toHaveLength(2_000);
  });

  it("reads a thread's key back", () => {
    const key = (thread: string) => placeOf({ platform: "discord", workspace: "1", channel: "2", thread });
    expect(key("")).toEqual({ channel: "2", interaction: undefined, replyTo: undefined });
    expect(key("3")).toEqual({ channel: "3", interaction: undefined, replyTo: undefined });
    expect(key("cmd-4")).toEqual({ channel: "2", interaction: "4", replyTo: undefined });
    expect(key("re-5")).toEqual({ channel: "2", interaction: undefined, replyTo: "5" });
  });

  it("uses no token that Discord is about to forget", () => {
    const book = createTokenBook();
    book.keep("2", "5", "t", new Date(0));
    expect(book.fresh("2", "5", new Date(13 * 60_000))).toBe("t");
    expect(book.fresh("2", "6", new Date(0))).toBeUndefined();
    expect(book.fresh("2", "5", new Date(15 * 60_000))).toBeUndefined();
  });
});
