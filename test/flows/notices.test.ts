import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noticeCard } from "../../adapters/notice-card.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { wireLedger } from "../../src/compose-ledger.ts";
import { type NoticeFlows, wireNotices } from "../../src/compose-notices.ts";
import type { BillAlert } from "../../src/core/bill-alert.ts";
import type { Author, InboundEvent, Role, ThreadKey } from "../../src/core/conversation.ts";
import type { AnyPlatformAdapter } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import type { NoticeView } from "../../src/core/notice.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { openForm } from "../../src/flows/open-form.ts";
import { receiveEvent } from "../../src/flows/receive-event.ts";
import { createApiClient } from "../../src/ingest/api-client.ts";
import { remoteSources } from "../../src/ingest/remote-sources.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const never = new AbortController().signal;
const dayMs = 86_400_000;

let db: TestDatabase;
let clickhouse: TestClickHouse;
/** Noon on Tuesday, 24 November 2026, until a test moves it. */
let clock = new Date("2026-11-24T12:00:00Z");
let orgId: Id<"org">;
let workspace = "";
let posted: { readonly channel: string; readonly views: NoticeView[] }[] = [];
let told: string[] = [];
let queued: Job[] = [];

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
});
afterAll(async () => {
  await clickhouse.drop();
});

const person = (name: string): Author => ({ platform: "slack", workspace, userId: name, name });
const threadIn = (channel: string, thread = "1.1"): ThreadKey => ({ platform: "slack", workspace, channel, thread });

/** A chat of ours that remembers what was posted and told. */
const chat = (): AnyPlatformAdapter => {
  const unused = () => Promise.reject(new AppError("internal", "not used here"));
  return {
    platform: "slack",
    receive: unused,
    post: unused,
    show: unused,
    find: async () => undefined,
    direct: async (to) => threadIn(`D-${to.userId}`, ""),
    tell: async (_thread, _to, text) => void told.push(text),
    async notify(thread, view, existing) {
      const known = posted.find((_, index) => String(index) === existing?.messageId);
      known?.views.push(view);
      if (existing !== undefined && known !== undefined) return existing;
      posted.push({ channel: thread.channel, views: [view] });
      return { channel: thread.channel, messageId: String(posted.length - 1) };
    },
  };
};

const jobs = {
  enqueue: async (job: Job) => void queued.push(job),
  enqueueAgain: async (job: Job) => void queued.push(job),
  every: async () => undefined,
  close: async () => undefined,
};

/** The wiring of the service, on a chat of ours. */
const notices = (): NoticeFlows => {
  const [now, prices] = [() => clock, async () => createPriceBook()];
  const spending = wireLedger({ ...clickhouse, kinds: remoteSources(createApiClient()), stores: db.stores, prices, log: quiet, now });
  return wireNotices({
    engines: { stores: db.stores, usage: clickhouse.usage },
    spending,
    prices,
    jobs,
    adapterFor: () => chat(),
    log: quiet,
    now,
  });
};

/** Works off what was queued, as several workers would. */
const sendAll = async () => {
  const { handlers } = notices();
  for (const job of queued.splice(0)) {
    if (job.name === "send-notice") await Promise.all([1, 2].map(() => handlers["send-notice"](job, never)));
  }
};
const watch = async (workers = 1) => {
  await Promise.all(Array.from({ length: workers }, () => notices().handlers["watch-spend"]({ name: "watch-spend" }, never)));
  await sendAll();
};
const raiseDigests = async (workers = 1) => {
  await Promise.all(Array.from({ length: workers }, () => notices().handlers["digests-due"]({ name: "digests-due" }, never)));
  await sendAll();
};
const titles = () => posted.map(({ views }) => views[0]?.content.title);
const words = (index = -1) => {
  const view = posted.at(index)?.views.at(-1);
  return view === undefined ? "" : JSON.stringify(noticeCard(view));
};

const spent = (at: string, usd: string, change: Partial<PricedUsageEvent> = {}): PricedUsageEvent => ({
  id: randomUUID(),
  orgId,
  ...plainUsage,
  source: "gateway",
  at: new Date(at),
  tokens: { ...noTokens, input: 10 },
  workload: "chat",
  cost: fromUsd(usd),
  priceVersion: "v1",
  unpricedReason: "",
  ...change,
});
const daily = (days: number, usd: string, change: Partial<PricedUsageEvent> = {}) =>
  Array.from({ length: days }, (_, back) => spent(new Date(Date.UTC(2026, 10, 23 - back, 6)).toISOString(), usd, change));

/** The same spend on each of the last ten Mondays. */
const mondays = (usd: string, change: Partial<PricedUsageEvent> = {}) =>
  Array.from({ length: 10 }, (_, back) => spent(new Date(Date.UTC(2026, 10, 23 - 7 * back, 6)).toISOString(), usd, change));

beforeEach(async () => {
  clock = new Date("2026-11-24T12:00:00Z");
  // One of its own for each test, as the jobs look at every organisation.
  db = await createTestDatabase(() => clock);
  workspace = `T${randomUUID().slice(0, 8)}`;
  orgId = await db.stores.ensureOrg(workspace);
  await db.stores.members.install(orgId, "slack", workspace);
  const roles: readonly (readonly [string, Role])[] = [
    ["ada", "admin"],
    ["max", "manager"],
    ["eve", "member"],
  ];
  for (const [name, role] of roles) {
    clock = new Date(clock.getTime() + 1);
    await db.stores.members.grant(orgId, person(name), role);
  }
  [posted, told, queued] = [[], [], []];
});

afterEach(() => db.drop());

const set = (who: string, what: "digest" | "budget", values: Record<string, string>, channel = "C1") =>
  notices().change({ orgId, author: person(who), thread: threadIn(channel), what, values });
const audited = async () => (await db.stores.audit.list(orgId, 100)).map(({ action }) => action);

describe("setting a digest", () => {
  it("is for managers and admins alone, whose role is looked up when it is sent", async () => {
    const monday = { weekday: "monday", hour: "9", zone: "Europe/Berlin" };
    expect(await set("eve", "digest", monday)).toContain("only a manager or an admin may set a digest, and your role is member");
    expect(await set("nobody", "digest", monday)).toContain("Apex does not know you");
    expect(await set("max", "digest", monday)).toBe(
      "Your weekly digest comes every Monday at 9:00 (Europe/Berlin), to slack, channel C1. Say `digest off` to stop it.",
    );
    clock = new Date(clock.getTime() + 1);
    expect(await set("ada", "digest", { ...monday, place: "me" })).toContain("to slack, channel D-ada");
    expect((await db.stores.schedules.active(orgId)).map(({ thread }) => thread)).toEqual([threadIn("C1", ""), threadIn("D-ada", "")]);
    expect(await audited()).toEqual(["digest.scheduled", "digest.scheduled"]);
  });

  it("stores nothing of a wrong day, hour, zone or place, and says what is wrong", async () => {
    const wrong: readonly (readonly [Record<string, string>, string])[] = [
      [{ weekday: "moonday" }, '"moonday" is no weekday.'],
      [{ hour: "24" }, '"24" is no hour.'],
      [{ hour: "nine" }, '"nine" is no hour.'],
      [{ zone: "+02:00" }, '"+02:00" is no time zone.'],
      [{ zone: "Mars/Olympus" }, '"Mars/Olympus" is no time zone.'],
      [{ on: "maybe" }, '"maybe" is neither on nor off.'],
      [{ place: "everywhere" }, '"everywhere" is no place.'],
    ];
    for (const [values, sentence] of wrong) expect(await set("max", "digest", values)).toContain(sentence);
    expect(await db.stores.schedules.active(orgId)).toEqual([]);
    expect(await audited()).toEqual([]);
  });

  it("keeps what is not said, sets the same thing once, and comes back as it was after it was off", async () => {
    expect(await set("max", "digest", { on: "off" })).toBe("You get no weekly digest.");
    await set("max", "digest", { weekday: "fri", hour: "17", zone: "Asia/Kolkata" });
    await set("max", "digest", { weekday: "friday", hour: "17", zone: "Asia/Kolkata" }, "C2");
    expect(await audited()).toEqual(["digest.scheduled"]);
    await set("max", "digest", { on: "off" });
    expect(await db.stores.schedules.active(orgId)).toEqual([]);
    expect(await set("max", "digest", { on: "on" })).toContain("Friday at 17:00 (Asia/Kolkata), to slack, channel C1");
  });

  it("opens a form that holds what stands, for those who may send it", async () => {
    await set("max", "digest", { weekday: "friday", hour: "17", zone: "Asia/Kolkata" });
    const open = (who: string, form: "digest" | "budget") =>
      openForm(db.stores, { form, about: "", thread: threadIn("C1"), author: person(who) });
    const held = async (who: string, form: "digest" | "budget") => {
      const answer = await open(who, form);
      return answer.type === "form" ? Object.fromEntries(answer.form.fields.map(({ name, initial }) => [name, initial])) : answer.why;
    };
    expect(await held("max", "digest")).toEqual({ on: "on", weekday: "friday", hour: "17", zone: "Asia/Kolkata", place: "as it is" });
    expect(await held("ada", "digest")).toEqual({ on: "on", weekday: "monday", hour: "9", zone: "UTC", place: "here" });
    expect(await held("eve", "digest")).toContain("only a manager or an admin may set a digest");
    await set("max", "budget", { amount: "1234.50" });
    expect(await held("ada", "budget")).toMatchObject({ amount: "1234.50", scope: "org", on: "on" });
    expect(await held("eve", "budget")).toContain("only a manager or an admin may set a budget");
  });

  it("comes as a sent form, once however often it is delivered, and its sender is told", async () => {
    const event: InboundEvent = {
      type: "submitted",
      eventId: randomUUID(),
      thread: threadIn("C1"),
      author: person("max"),
      receivedAt: clock.toISOString(),
      form: "digest",
      about: "",
      values: { weekday: "monday", hour: "9", zone: "UTC", place: "here", on: "on" },
    };
    const received = await Promise.all([1, 2, 3].map(() => receiveEvent({ ...db.stores, jobs, log: quiet }, event)));
    expect(received.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    const [first] = received;
    if (first?.type !== "click") throw new Error("not taken as a press");
    const deps = { ...db.stores, jobs, adapterFor: () => chat(), change: notices().change, log: quiet, now: () => clock };
    const rollback = async () => ({ done: false, sentence: "" });
    await Promise.all([1, 2].map(() => decideApproval({ ...deps, rollback }, first.inboundId)));
    expect(told[0]).toContain("Your weekly digest comes every Monday at 9:00 (UTC)");
    expect(await audited()).toEqual(["digest.scheduled"]);
    expect(await db.stores.inbound.undoneClicks(new Date(clock.getTime() + 1))).not.toContain(first.inboundId);
  });
});

describe("the digest of a schedule", () => {
  it("comes once a week, from however many workers, with what moved and why", async () => {
    await clickhouse.usage.write([
      spent("2026-11-10T12:00:00Z", "10", { requests: 100 }),
      spent("2026-11-17T12:00:00Z", "30", { requests: 300, id: "later", tokens: { ...noTokens, input: 30 } }),
    ]);
    await set("max", "digest", { weekday: "wednesday", hour: "9", zone: "UTC" });
    await raiseDigests(3);
    expect(posted).toEqual([]);
    clock = new Date("2026-11-25T09:00:00Z");
    await raiseDigests(5);
    await raiseDigests();
    expect(posted.map(({ channel, views }) => [channel, views.length])).toEqual([["C1", 1]]);
    expect(words()).toContain("week of 2026-11-16 to 2026-11-22 (UTC)");
    expect(words()).toContain("chat: $20.00 (200.0 %) more than before, $30.00 now: more requests (+$20.00).");
    // Moved to a later day of the same week: that week has its digest.
    await set("max", "digest", { weekday: "friday", hour: "9" });
    clock = new Date("2026-11-27T10:00:00Z");
    await raiseDigests();
    expect(posted).toHaveLength(1);
    clock = new Date("2026-12-04T10:00:00Z");
    await raiseDigests(2);
    expect(posted).toHaveLength(2);
    expect(words()).toContain("week of 2026-11-23 to 2026-11-29 (UTC)");
  });

  it("does not come to who opted out, nor to who is no manager any more", async () => {
    await set("max", "digest", { weekday: "wednesday", hour: "9", zone: "UTC" });
    await set("ada", "digest", { weekday: "wednesday", hour: "9", zone: "UTC" });
    await set("max", "digest", { on: "off" });
    await db.stores.members.grant(orgId, person("ada"), "member");
    clock = new Date("2026-11-26T09:00:00Z");
    await raiseDigests(2);
    expect(posted).toEqual([]);
    await db.stores.members.grant(orgId, person("ada"), "admin");
    await raiseDigests();
    expect(posted).toHaveLength(1);
  });
});

describe("a budget", () => {
  it("stores nothing of a wrong amount or scope, and says what is wrong", async () => {
    await clickhouse.usage.write(daily(1, "1", { team: "Search" }));
    for (const amount of ["", "0", "-5", "abc", "12.345", "1e9", "9999999999999"]) {
      expect(await set("max", "budget", { amount })).toContain("is no amount");
    }
    expect(await set("max", "budget", { amount: "5", scope: "team", name: "Serch" })).toContain(
      'no usage of a team "Serch". There is usage of "Search".',
    );
    expect(await set("max", "budget", { amount: "5", scope: "galaxy" })).toContain("none of these");
    expect(await set("eve", "budget", { amount: "5" })).toContain("only a manager or an admin may set a budget");
    expect(await db.stores.budgets.list(orgId)).toEqual([]);
    expect(await set("max", "budget", { amount: "$1,500", scope: "team", name: "search" })).toContain(
      "$1,500.00 a month may be spent on team Search.",
    );
    expect((await db.stores.budgets.list(orgId)).map(({ monthly }) => toUsd(monthly))).toEqual(["1500.000000000000"]);
    expect(await set("max", "budget", { on: "off" })).toContain("There was no budget for everything");
    expect(await set("max", "budget", { on: "off", scope: "team", name: "Search" })).toContain("no budget for team Search any more");
    expect(await audited()).toEqual(["budget.removed", "budget.set"]);
  });

  it("alerts once a month for each cause, at its own place, with the forecast and what costs most", async () => {
    // 23 days of $10 in November: 230 of 280 is 82 %, and the month will end at about 300.
    await clickhouse.usage.write([...daily(25, "8"), ...daily(23, "2", { workload: "search" })]);
    await set("max", "budget", { amount: "280", place: "here" }, "C7");
    await watch(4);
    await watch();
    expect(posted.map(({ channel }) => channel)).toEqual(["C7", "C7"]);
    expect(titles().toSorted((a = "", b = "") => (a < b ? -1 : 1))).toEqual([
      "80 % of the budget for everything is spent",
      "The budget for everything will not last the month",
    ]);
    expect(words()).toMatch(/\$230\.00 of \$280\.00 for everything is spent this month \(82 %\)\. The month will end at about \$\d+/);
    expect(words()).toContain("chat: $184.00, 80 % of it");
    await clickhouse.usage.write([spent("2026-11-24T11:00:00Z", "60", { workload: "search" })]);
    await watch(2);
    expect(titles().slice(2)).toEqual(["The budget for everything is spent"]);
    // Another amount is another budget; another month another window.
    await set("max", "budget", { amount: "3000" });
    await watch();
    expect(posted).toHaveLength(3);
    const standings = await notices().standings(orgId, clock);
    expect(standings.map((one) => [toUsd(one.spent), one.outlook !== undefined])).toEqual([["290.000000000000", true]]);
  });

  it("of a team or a workload counts that one alone", async () => {
    await clickhouse.usage.write([...daily(3, "70"), ...daily(3, "1", { workload: "search", team: "find" })]);
    await set("max", "budget", { amount: "100", scope: "team", name: "find", place: "here" });
    await set("max", "budget", { amount: "190", scope: "workload", name: "chat", place: "here" });
    await watch();
    expect(titles()).toEqual(["The budget for workload chat is spent"]);
  });
});

describe("unusual spend", () => {
  it("is told once for a settled day, with the models behind it, and not for a day that may still change", async () => {
    await set("ada", "digest", { weekday: "monday", hour: "9", zone: "UTC" }, "C9");
    await clickhouse.usage.write([
      ...mondays("20"),
      ...mondays("20", { workload: "files", source: "csv" }),
      spent("2026-11-23T10:00:00Z", "50", { model: "gpt-5-pro", requests: 5 }),
      // A file's day is settled only after three days.
      spent("2026-11-23T10:00:00Z", "500", { workload: "files", source: "csv" }),
      ...mondays("0.5", { workload: "small" }),
      spent("2026-11-23T10:00:00Z", "9", { workload: "small" }),
    ]);
    await watch(3);
    await watch();
    expect(posted.map(({ channel }) => channel)).toEqual(["C9"]);
    expect(titles()).toEqual(["Unusual spend: chat on 2026-11-23"]);
    expect(words()).toContain("chat cost $70.00 on Monday, 2026-11-23 (UTC). A usual Monday costs $20.00 (the median of the last 8).");
    expect(words()).toContain("gpt-5-pro: +$50.00, not used on a usual day");
    clock = new Date(Date.parse("2026-11-24T12:00:00Z") + 3 * dayMs);
    await watch();
    expect(titles()).toEqual(["Unusual spend: chat on 2026-11-23", "Unusual spend: files on 2026-11-23"]);
  });

  it("goes to an admin's direct message where no place is set, and is silent for the whole org once it is snoozed", async () => {
    await clickhouse.usage.write([...mondays("20"), spent("2026-11-23T10:00:00Z", "50")]);
    await watch();
    expect(posted.map(({ channel }) => channel)).toEqual(["D-ada"]);
    const noticeId = posted[0]?.views[0]?.id ?? newId("notice");
    const snooze = (who: string) =>
      notices().change({ orgId, author: person(who), thread: threadIn("D-ada", ""), what: "snooze", noticeId });
    expect(await snooze("eve")).toContain("only a manager or an admin may snooze an alert");
    expect(await snooze("max")).toContain("You hear nothing more of this until 2026-12-01 12:00 UTC");
    expect(await snooze("ada")).toContain("was snoozed already by max");
    await sendAll();
    expect(words()).toContain("Snoozed until 2026-12-01 12:00 UTC by max.");
    expect((await audited()).filter((action) => action === "notice.snoozed")).toHaveLength(1);
    await clickhouse.usage.write([spent("2026-11-30T13:00:00Z", "80")]);
    clock = new Date("2026-12-01T11:00:00Z");
    await watch();
    expect(posted).toHaveLength(1);
    clock = new Date("2026-12-01T12:00:01Z");
    await watch();
    expect(titles()).toEqual(["Unusual spend: chat on 2026-11-23", "Unusual spend: chat on 2026-11-30"]);
  });
});

describe("an alert about a bill", () => {
  it("is told once, through the same outbox, and marked as told", async () => {
    const alert: BillAlert = {
      id: newId("billAlert"),
      orgId,
      provider: "openai",
      fromDay: "2026-11-09",
      toDay: "2026-11-16",
      days: 7,
      metered: toUsd(fromUsd("90")),
      billed: toUsd(fromUsd("100")),
      gap: toUsd(fromUsd("10")),
      gapPercent: 10,
      message: "openai billed $100.00, and $10.00 (10.0 %) of it was not metered.",
      causes: [{ likely: "A key that is not connected.", evidence: "" }],
      createdAt: clock.toISOString(),
    };
    await db.stores.billAlerts.raise(alert);
    const untold = () => db.stores.billAlerts.untold(orgId, new Date(0));
    await watch(3);
    expect(titles()).toEqual(["The bill of openai does not agree with what was metered"]);
    expect(words()).toContain("$10.00 (10.0 %) of it was not metered");
    expect(await untold()).toEqual([]);
    await watch();
    expect(posted).toHaveLength(1);
  });
});
