import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCard } from "../../adapters/run-card.ts";
import { type Author, type ClickAction, InboundEvent, type MessageRef, type ThreadKey } from "../../src/core/conversation.ts";
import type { PlatformAdapter, RawRequest } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { RunView } from "../../src/core/run.ts";
import { everyView } from "./run-views.ts";

/** What the suite needs of a platform: a running peer, and requests as that platform writes them. */
export interface PlatformHarness<Payload> {
  readonly adapter: PlatformAdapter<Payload>;
  readonly now: Date;
  readonly thread: ThreadKey;
  readonly author: Author;
  /** A genuine request in which `author` asks something in `thread`. */
  ask(text: string, id: string): RawRequest;
  /** A genuine request in which `author` presses a button. */
  press(action: ClickAction, approvalId: string, id: string): RawRequest;
  /** Requests that only pretend to come from the platform. */
  readonly forged: Readonly<Record<string, RawRequest>>;
  /** Genuine requests that make no sense. */
  readonly garbage: Readonly<Record<string, RawRequest>>;
  /** Which limits of the platform a payload breaks, in words. */
  broken(payload: Payload): readonly string[];
  /** All words of a payload, as a reader sees them. */
  wordsOf(payload: Payload): string;
  /** What stands in the thread now, oldest first. */
  posted(): Promise<readonly { readonly ref: MessageRef; readonly words: string }[]>;
  /** Why the peer cannot open a conversation with one person, and where that is tested instead. */
  readonly noDirect?: string;
  /** What `author` alone was told, in one text. */
  told(): Promise<string>;
  close(): Promise<void>;
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "accepted",
    (error: unknown) => (error instanceof AppError ? error.code : `not an AppError: ${String(error)}`),
  );

/** The suite that every platform's adapter passes. */
export function describePlatformAdapter<Payload>(name: string, start: () => Promise<PlatformHarness<Payload>>): void {
  describe(`${name} as a platform`, () => {
    let platform: PlatformHarness<Payload>;
    const views = everyView();
    const nameOf = (view: RunView): Id<"run"> => view.runId;

    beforeAll(async () => {
      platform = await start();
    });
    afterAll(async () => {
      await platform.close();
    });

    const receive = (raw: RawRequest) => platform.adapter.receive(raw, platform.now);

    it("hears a question with its words, its asker and its place", async () => {
      const reception = await receive(platform.ask("where does our money go?", "e1"));
      if (reception.type !== "event" || reception.event.type !== "message") throw new Error(`heard ${reception.type}`);
      expect(InboundEvent.parse(reception.event)).toEqual(reception.event);
      expect(reception.event).toMatchObject({ text: "where does our money go?", thread: platform.thread });
      expect(reception.event.author).toMatchObject({
        platform: platform.author.platform,
        workspace: platform.author.workspace,
        userId: platform.author.userId,
      });
    });

    it("gives every retry of a delivery the same event id, and another delivery another one", async () => {
      const idOf = async (raw: RawRequest) => {
        const reception = await receive(raw);
        return reception.type === "event" ? reception.event.eventId : reception.type;
      };
      const first = await idOf(platform.ask("again?", "e2"));
      expect(await idOf(platform.ask("again?", "e2"))).toBe(first);
      expect(await idOf(platform.ask("again?", "e3"))).not.toBe(first);
      const approvalId = newId("approval");
      const press = await idOf(platform.press("approve", approvalId, "p1"));
      expect(await idOf(platform.press("approve", approvalId, "p1"))).toBe(press);
      expect(await idOf(platform.press("approve", approvalId, "p2"))).not.toBe(press);
    });

    it("hears an empty question as an empty one", async () => {
      expect(await receive(platform.ask("", "e4"))).toMatchObject({ type: "event", event: { type: "message", text: "" } });
    });

    it("keeps a very long question whole", async () => {
      const text = "spend ".repeat(16_000).trim();
      expect(await receive(platform.ask(text, "e5"))).toMatchObject({ type: "event", event: { text } });
    });

    it.each(["approve", "details", "apply", "rollback"] as const)("hears a press of %s", async (action) => {
      const approvalId = newId("approval");
      const reception = await receive(platform.press(action, approvalId, `p-${action}`));
      expect(reception).toMatchObject({
        type: "event",
        event: { type: "click", action, approvalId, author: { userId: platform.author.userId } },
      });
    });

    it("refuses a button that carries anything but an approval's id", async () => {
      expect(await codeOf(receive(platform.press("approve", "run_1", "p3")))).toBe("bad_input");
      expect(await codeOf(receive(platform.press("approve", '{"amount":1}', "p4")))).toBe("bad_input");
    });

    it("refuses everything that is forged", async () => {
      for (const [label, raw] of Object.entries(platform.forged))
        expect([label, await codeOf(receive(raw))]).toEqual([label, "unauthenticated"]);
    });

    it("refuses garbage with a sentence", async () => {
      for (const [label, raw] of Object.entries(platform.garbage))
        expect([label, await codeOf(receive(raw))]).toEqual([label, "bad_input"]);
    });

    it.each(Object.keys(views))("draws a run that is %s purely and within the limits", (state) => {
      const view = views[state];
      if (view === undefined) throw new Error(state);
      const payload = platform.adapter.render(runCard(view));
      expect(platform.adapter.render(runCard(structuredClone(view)))).toEqual(payload);
      expect(platform.broken(payload)).toEqual([]);
    });

    const words = (state: string): string => {
      const view = views[state];
      if (view === undefined) throw new Error(state);
      return platform.wordsOf(platform.adapter.render(runCard(view)));
    };

    it("says who works, at which step of how many, and on what", () => {
      expect(words("working")).toContain("Optimization");
      expect(words("working")).toMatch(/step 2 of 3/i);
      expect(words("working")).toContain("Model right-sizing");
    });

    it("labels an estimate as estimated and a measurement as measured, with its interval", () => {
      expect(words("ready")).toMatch(/estimated saving: \$1,500\.00/i);
      expect(words("ready")).not.toMatch(/measured saving/i);
      expect(words("measured")).toMatch(/measured saving: \$41\.00 \(95 % interval \$35\.00 to \$47\.00/i);
    });

    it("offers a decision while one is awaited, and a way back while the change is in effect", () => {
      const offers = (state: string) =>
        ["approve", "reject", "roll ?back"].filter((verb) => new RegExp(`(apex |button:)${verb}`, "i").test(words(state)));
      expect(offers("ready")).toEqual(["approve", "reject"]);
      expect(offers("applied")).toEqual(["roll ?back"]);
      for (const state of ["approved", "rejected", "expired", "stale", "rolledBack", "notApplied"])
        expect([state, offers(state)]).toEqual([state, []]);
    });

    it("names who decided and what happened", () => {
      expect(words("approved")).toContain("Approved by Ada");
      expect(words("rejected")).toContain("Rejected by Ada");
      expect(words("applied")).toContain("policy version 3");
      expect(words("notApplied")).toContain("the gateway is off");
      expect(words("rolledBack")).toContain("Rolled back to policy version 2 by Ada");
    });

    it("says what went wrong in a sentence", () => {
      expect(words("failed")).toContain("The usage store did not answer. Please ask again.");
    });

    it("posts once, edits from then on, and finds its post again", async () => {
      const [before, after] = [views["working"], views["ready"]];
      if (before === undefined || after === undefined) throw new Error("views");
      const runId = nameOf(before);
      expect(await platform.adapter.find(platform.thread, runId)).toBeUndefined();
      const ref = await platform.adapter.send(platform.thread, platform.adapter.render(runCard(before)), undefined, runId);
      expect(await platform.adapter.find(platform.thread, runId)).toEqual(ref);
      const shown = await platform.posted();
      const again = await platform.adapter.send(platform.thread, platform.adapter.render(runCard({ ...after, runId })), ref, runId);
      expect(again).toEqual(ref);
      const now = await platform.posted();
      expect(now.map((message) => message.ref)).toEqual(shown.map((message) => message.ref));
      expect(now.find((message) => message.ref.messageId === ref.messageId)?.words).toContain("Where the money goes");
      expect(await platform.adapter.find(platform.thread, runId)).toEqual(ref);
      expect(await platform.adapter.find(platform.thread, newId("run"))).toBeUndefined();
    });

    it("opens the conversation with one person, the same one each time", async (context) => {
      if (platform.noDirect !== undefined) context.skip(platform.noDirect);
      const direct = await platform.adapter.direct(platform.author);
      expect(direct).toMatchObject({ platform: platform.author.platform, workspace: platform.author.workspace });
      expect(await platform.adapter.direct(platform.author)).toEqual(direct);
    });

    it("tells one person something", async () => {
      await platform.adapter.tell(platform.thread, platform.author, "Only an admin may approve changes.");
      expect(await platform.told()).toContain("Only an admin may approve changes.");
    });
  });
}
