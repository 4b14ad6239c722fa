import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSupervisor } from "../../agents/supervisor.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { type SupplyFlows, wireSupply } from "../../src/compose-supply.ts";
import type { Author, Role, ThreadKey } from "../../src/core/conversation.ts";
import type { AnyPlatformAdapter } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import type { PriceBook } from "../../src/core/price.ts";
import type { Report } from "../../src/core/report.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { carryOutApproved } from "../../src/flows/carry-out-operation.ts";
import { type ContractBooks, createContractBooks } from "../../src/flows/contract-books.ts";
import { enterPrice } from "../../src/flows/enter-price.ts";
import { pressApproval } from "../../src/flows/press-approval.ts";
import { repriceUsage } from "../../src/flows/reprice-usage.ts";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { noOperations } from "../setup/no-operations.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

/** A matcher with a type. */
const containing = (text: string): unknown => expect.stringContaining(text);
const among = (rows: readonly unknown[]): unknown => expect.arrayContaining([...rows]);
const holding = (part: object): unknown => expect.objectContaining(part);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const never = new AbortController().signal;
const list = createPriceBook();
/** What gpt-5-mini's million input tokens cost, by each list. The book has $0.25. */
let usd = { litellm: 0.25, genai: 0.25 };
let models = ["claude-haiku-4-5"];
let clock = new Date();
let db: TestDatabase;
let clickhouse: TestClickHouse;
let api: FakeApi;
let orgId: Id<"org">;
let admin: Author;
let queued: Job[] = [];
let books: ContractBooks;

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  db = await createTestDatabase(() => clock);
  api = await startFakeApi(({ url }) => {
    if (url.pathname === "/litellm.json")
      return {
        body: { "gpt-5-mini": { litellm_provider: "openai", input_cost_per_token: usd.litellm / 1e6, output_cost_per_token: 2e-6 } },
      };
    if (url.pathname === "/data.json")
      return {
        body: [
          {
            id: "openai",
            api_pattern: "x",
            models: [{ id: "gpt-5-mini", match: { equals: "gpt-5-mini" }, prices: { input_mtok: usd.genai, output_mtok: 2 } }],
          },
        ],
      };
    return { body: { data: models.map((id) => ({ type: "model", id, lifecycle: "active" })), has_more: false, last_id: null } };
  });
});
afterAll(async () => {
  await Promise.all([db.drop(), clickhouse.drop(), api.close()]);
});

const person = async (name: string, role: Role): Promise<Author> => {
  const author = { platform: "slack" as const, workspace: admin?.workspace ?? "", userId: name, name };
  await db.stores.members.grant(orgId, author, role);
  return author;
};
beforeEach(async () => {
  usd = { litellm: 0.25, genai: 0.25 };
  models = ["claude-haiku-4-5"];
  clock = new Date("2026-11-20T10:00:00Z");
  queued = [];
  orgId = await db.stores.ensureOrg(`org ${randomUUID()}`);
  admin = { platform: "slack", workspace: `W-${randomUUID()}`, userId: "ada", name: "Ada" };
  await db.stores.members.install(orgId, "slack", admin.workspace);
  await person("ada", "admin");
  await db.stores.gateway.setUpstream(orgId, { provider: "anthropic", baseUrl: `${api.url}/v1`, apiKey: "sk" });
  books = createContractBooks(list, db.stores, () => 0);
});
afterEach(() => api.reset());

const thread = (): ThreadKey => ({ platform: "slack", workspace: admin.workspace, channel: "D-ada", thread: "" });
const unused = () => Promise.reject(new AppError("internal", "not used here"));
const chat = (): AnyPlatformAdapter => ({
  platform: "slack",
  receive: unused,
  post: unused,
  show: unused,
  notify: unused,
  find: async () => undefined,
  direct: async () => thread(),
  tell: unused,
});
const enqueue = async (job: Job) => void queued.push(job);
const supply = (): SupplyFlows =>
  wireSupply({
    // One org at a time: what other tests left is not looked after.
    engines: { usage: clickhouse.usage, stores: { ...db.stores, orgs: async () => [{ id: orgId, name: "" }] } },
    settings: {
      lists: [
        { list: "litellm", url: `${api.url}/litellm.json` },
        { list: "genai-prices", url: `${api.url}/data.json` },
      ],
      modelLists: true,
    },
    prices: list,
    books,
    jobs: { enqueue, enqueueAgain: enqueue, every: async () => undefined, close: async () => undefined },
    adapterFor: () => chat(),
    log: quiet,
    now: () => clock,
  });
const watch = () => supply().handlers["watch-supply"]({ name: "watch-supply" }, never);
const notices = () => Promise.all(queued.flatMap((job) => (job.name === "send-notice" ? [db.stores.notices.get(job.noticeId)] : [])));
const waiting = () => db.stores.approvals.waiting(orgId, clock);
const inputAt = (book: PriceBook, at: string, tier: "standard" | "batch" = "standard") => {
  const price = book.priceOf({ provider: "openai", model: "gpt-5-mini", tier, inputTokens: 1, at: new Date(at) });
  return "unpriced" in price ? undefined : price.perToken.input;
};
/** Presses a button as the admin, and carries out what the press has queued. */
async function press(approvalId: Id<"approval">, verb: "approve" | "reject", author = admin) {
  const member = await db.stores.members.memberOf(author);
  const jobs = { enqueue, enqueueAgain: enqueue };
  const rollback = async () => ({ done: false, sentence: "" });
  const outcome = await pressApproval({ ...db.stores, jobs, rollback, now: () => clock }, { orgId, approvalId, verb, member });
  const carry = { runs: db.stores.runs, reports: db.stores.runs, members: db.stores.members, jobs, now: () => clock, log: quiet };
  const handlers = {
    ...noOperations,
    price_change: (request: Parameters<typeof enterPrice>[1]) => enterPrice({ ...db.stores, books, list }, request),
  };
  for (const job of queued.filter((one) => one.name === "apply" && one.approvalId === approvalId)) {
    expect(job.name).toBe("apply");
    await carryOutApproved({ ...carry, handlers }, await db.stores.approvals.get(orgId, approvalId), never);
  }
  return outcome.result;
}
/** Ten days of the same prices, then another one in both lists. */
async function changed(): Promise<Id<"approval">> {
  await watch();
  clock = new Date("2026-11-30T10:00:00Z");
  usd = { litellm: 0.3, genai: 0.3 };
  await watch();
  const [approval] = await waiting();
  if (approval === undefined) throw new Error("nothing is proposed");
  return approval.id;
}

describe("research of prices", () => {
  it("ends, after an admin's press, in a price that holds from its day on and by which usage is priced anew", async () => {
    const approvalId = await changed();
    expect(inputAt(await books.of(orgId), "2026-12-01T00:00:00Z")).toBe(250_000n);
    expect(await press(approvalId, "approve")).toBe("approved");
    const book = await books.of(orgId);
    expect([inputAt(book, "2026-11-29T23:59:59.999Z"), inputAt(book, "2026-11-30T00:00:00Z")]).toEqual([250_000n, 300_000n]);
    expect(inputAt(book, "2026-11-30T00:00:00Z", "batch")).toBe(150_000n);

    const row = (id: string, at: string) =>
      priceEvent(list, {
        ...plainUsage,
        orgId,
        id,
        at: new Date(at),
        model: "gpt-5-mini",
        requestedModel: "gpt-5-mini",
        tokens: { ...noTokens, input: 1_000_000 },
      });
    await clickhouse.usage.write([row("before", "2026-11-29T12:00:00Z"), row("after", "2026-11-30T12:00:00Z")]);
    const scope = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-02T00:00:00Z"), provider: null, model: null };
    const deps = { restamper: clickhouse.restamper, repricings: db.stores.repricings, prices: books.of, log: quiet };
    const { lines } = await repriceUsage(deps, { orgId, scope, actor: "ada", apply: true }, never);
    expect(lines).toMatchObject([
      { model: "gpt-5-mini", rows: 2, rowsChanged: 1, storedCost: "0.500000000000", newCost: "0.550000000000" },
    ]);
    expect(lines[0]?.versionsAfter.some((version) => version.startsWith("approved/prc_"))).toBe(true);

    clock = new Date("2026-12-01T10:00:00Z");
    await watch();
    expect(await waiting()).toEqual([]);
    expect((await db.stores.audit.list(orgId, 20)).map(({ action }) => action)).toContain("approved_price.entered");
  });

  it("is entered once, however often the approval is carried out, and out again when it is withdrawn", async () => {
    const approvalId = await changed();
    await press(approvalId, "approve");
    await press(approvalId, "approve");
    const [row, second] = await db.stores.approvedPrices.list(orgId);
    expect([row?.approvalId, second]).toEqual([approvalId, undefined]);
    await supply().withdraw(orgId, row?.id ?? "prc_none", "Ada");
    await supply().withdraw(orgId, row?.id ?? "prc_none", "Bob");
    expect(inputAt(await books.of(orgId), "2026-12-01T00:00:00Z")).toBe(250_000n);
    expect((await db.stores.approvedPrices.list(orgId))[0]?.withdrawn?.by).toBe("Ada");
    await expect(supply().withdraw(await db.stores.ensureOrg("another"), row?.id ?? "prc_none", "Eve")).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("that is turned down changes nothing, and is not proposed again by itself for 90 days", async () => {
    const approvalId = await changed();
    expect(await press(approvalId, "reject")).toBe("rejected");
    expect(await db.stores.approvedPrices.list(orgId)).toEqual([]);
    expect(inputAt(await books.of(orgId), "2026-12-01T00:00:00Z")).toBe(250_000n);
    clock = new Date("2026-12-02T10:00:00Z");
    await watch();
    expect(await waiting()).toEqual([]);
    usd = { litellm: 0.35, genai: 0.35 };
    clock = new Date("2026-12-04T10:00:00Z");
    await watch();
    expect((await waiting()).map(({ recommendation }) => recommendation.operation)).toMatchObject([
      { perMillion: { input: "0.350000000000" } },
    ]);
  });

  it("is nobody's but an admin's to approve", async () => {
    const approvalId = await changed();
    expect(await press(approvalId, "approve", await person("mia", "manager"))).toBe("forbidden");
    expect(await db.stores.approvedPrices.list(orgId)).toEqual([]);
  });

  it("proposes once while a proposal waits, and tells of a move once a day, at exactly 20 % in 30 days by the day alone", async () => {
    await changed();
    clock = new Date("2026-11-30T20:00:00Z");
    await watch();
    expect(await waiting()).toHaveLength(1);
    const moves = (await notices()).filter(({ subject }) => subject === "price moves");
    expect(moves.map(({ window }) => window)).toEqual(["2026-11-30"]);
    expect(moves[0]?.content).toMatchObject({ summary: containing("2 prices moved") });
    expect(JSON.stringify(moves[0]?.content)).toContain("+20 % in a day");
    expect(JSON.stringify(moves[0]?.content)).not.toContain("in 30 days),");
  });

  it("proposes nothing where one source alone says so, or the other speaks against it", async () => {
    await watch();
    clock = new Date("2026-11-30T10:00:00Z");
    usd = { litellm: 0.3, genai: 0.25 };
    await watch();
    expect(await waiting()).toEqual([]);
  });

  it("reads prices daily and lists of models weekly, and keeps the same observation once", async () => {
    const said = async () => (await db.stores.supply.pricesSaid(orgId, { after: new Date(0), until: clock })).length;
    await watch();
    expect(await said()).toBe(4);
    const asked = (path: string) => api.requests.filter(({ url }) => url.pathname === path).length;
    const [lists, ofModels] = [asked("/litellm.json"), asked("/v1/models")];
    clock = new Date("2026-11-20T20:00:00Z");
    await watch();
    expect([asked("/litellm.json"), asked("/v1/models")]).toEqual([lists, ofModels]);
    clock = new Date("2026-11-21T09:30:00Z");
    await watch();
    expect(asked("/litellm.json")).toBe(lists + 1);
    expect(asked("/v1/models")).toBe(ofModels);
    expect(await said()).toBe(4);
    expect((await db.stores.supply.sources(orgId)).find(({ source }) => source === "litellm")).toMatchObject({
      firstReadAt: new Date("2026-11-20T10:00:00Z"),
      lastReadAt: clock,
    });
  });

  it("goes on with the other sources where one fails, and says which", async () => {
    api.failNext({ status: 404, body: "" });
    const outcomes = await supply().research(orgId, clock, undefined, never);
    expect(outcomes.map(({ source, failure }) => [source, failure === undefined])).toEqual([
      ["litellm", false],
      ["genai-prices", true],
      ["anthropic-models", true],
    ]);
  });

  it("keeps no reading that is older than the last one", async () => {
    await supply().research(orgId, clock, undefined, never);
    const late = await supply().research(orgId, new Date("2026-11-19T10:00:00Z"), undefined, never);
    expect(late.map(({ failure }) => failure)).toEqual([0, 1, 2].map(() => containing("an earlier reading cannot be kept after it")));
  });

  it("tells nobody anything in the first day of its first source", async () => {
    clock = new Date("2026-12-10T10:00:00Z");
    await watch();
    clock = new Date("2026-12-11T09:59:59Z");
    await watch();
    expect(await notices()).toEqual([]);
    clock = new Date("2026-12-11T10:00:00Z");
    await watch();
    expect((await notices()).map(({ subject }) => subject)).toEqual(["old data"]);
  });

  it("tells once a week of models that came and went, and once a month of the market", async () => {
    await watch();
    clock = new Date("2026-11-27T10:00:00Z");
    models = ["claude-haiku-4-5", "claude-new-1"];
    await watch();
    clock = new Date("2026-12-01T10:00:00Z");
    await watch();
    await watch();
    const told = (await notices()).map(({ subject, window, content }) => [
      subject,
      window,
      content.kind === "supply" ? content.causes.join() : "",
    ]);
    expect(told.filter(([subject]) => subject === "models")).toEqual([
      ["models", "2026-11-23", containing("claude-new-1 of anthropic is new")],
    ]);
    expect(told.filter(([subject]) => subject === "market report")).toEqual([["market report", "2026-11", containing("claude-new-1")]]);
    expect(told.filter(([subject]) => subject === "old data").map(([, window]) => window)).toEqual(["2026-11", "2026-12"]);
  });
});

describe("the supply researcher's answers", () => {
  const answer = async (question: string): Promise<Report> => {
    const supervisor = createSupervisor({
      usage: clickhouse.usage,
      prices: await books.of(orgId),
      market: { supply: db.stores.supply, book: await books.listOf(orgId) },
      policies: db.stores.policies,
      log: quiet,
      now: () => clock,
    });
    const run = {
      id: newId("run"),
      orgId,
      threadId: newId("thread"),
      thread: thread(),
      question,
      asker: admin,
      earlier: [],
      status: "queued" as const,
      createdAt: clock,
      asOf: clock,
    };
    for await (const event of supervisor.analyse(run, [], never)) if (event.type === "report.ready") return event.report;
    throw new Error("no report");
  };

  it("say which data is missing where no source was read, and no number", async () => {
    const report = await answer("any price changes this week?");
    expect(report.missing).toEqual([containing("apex supply research")]);
    expect(report.summary).not.toMatch(/\d/);
  });

  it("tell what moved with source and date, and propose what sources agree on with an approval", async () => {
    await changed();
    const report = await answer("any price changes this week?");
    expect(report.summary).toBe("2 prices moved (this week so far), 2 of them by more than 10 % in a day or 20 % in 30 days.");
    expect(report.blocks).toContainEqual({
      type: "table",
      columns: ["Price of", "Kind", "Was, USD", "Is, USD", "Moved", "Source", "Read"],
      rows: among([["gpt-5-mini of openai", "input", "$0.25", "$0.30", "+20 % in a day", "litellm", "2026-11-30"]]),
    });
    expect(report.recommendations).toMatchObject([{ kind: "operation", operation: { model: "gpt-5-mini", effectiveFrom: "2026-11-30" } }]);
    expect(report.recommendations[0]?.approvalId).toMatch(/^apr_/);
    expect(report.figures.find(({ name }) => name === "prices that moved")).toMatchObject({ value: "2" });
  });

  it("say what each source has for a model, beside the book", async () => {
    await changed();
    const { summary, blocks } = await answer("what do sources say about gpt-5-mini's price?");
    expect(summary).toContain("1 price differs from the price book");
    const table = blocks.find((block) => block.type === "table" && block.columns.includes("Says, USD"));
    expect(table).toMatchObject({
      rows: among([
        ["gpt-5-mini of openai", "input", "$0.25", "$0.30", "genai-prices", "2026-11-30", "2026-11-30"],
        ["gpt-5-mini of openai", "output", "$2.00", "$2.00", "litellm", "2026-11-20", "2026-11-30"],
      ]),
    });
  });

  it("tell new models by exact name, and how old the price data is", async () => {
    await watch();
    clock = new Date("2026-11-30T10:00:00Z");
    models = ["claude-haiku-4-5", "claude-new-1"];
    await watch();
    const fresh = await answer("which new models came out?");
    expect(fresh.summary).toContain("New models: 1;");
    expect(fresh.blocks).toContainEqual(holding({ rows: [["claude-new-1", "anthropic", "is new", "anthropic-models", "2026-11-30"]] }));
    const age = await answer("is our price data fresh?");
    expect(JSON.stringify(age.blocks)).toContain("the price book (data of 2026-09-23)");
    const market = await answer("market report");
    expect(market.title).toBe("Market report");
    expect(market.blocks).toContainEqual(
      holding({ columns: ["What", "How many"], rows: among([["models that are new at a source", "1"]]) }),
    );
  });
});
