import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendTraffic } from "../../demo/send-traffic.ts";
import type { Approval } from "../../src/core/approval.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { SavingsEntry } from "../../src/core/savings.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { measureSavings } from "../../src/flows/measure-savings.ts";
import { verifySavings } from "../../src/flows/verify-savings.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";

/** Adds one to the last digit of a text. */
const nudge = (text: string): string => text.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));

describe("savings measured on real traffic", () => {
  let rig: LoopRig;
  let server: Server;
  let url: string;
  let secret: string;
  let spoolDir: string;
  let approval: Approval;
  let entry: SavingsEntry;

  const requests = Array.from({ length: 600 }, (_, n) => ({
    promptTokens: 200 + ((n * 7919) % 5_000),
    completionTokens: 10 + ((n * 104_729) % 300),
  }));
  const send = (count: number, model = "gpt-5") =>
    sendTraffic({
      baseUrl: `${url}/v1`,
      apiKey: secret,
      model,
      workload: "support-chat",
      requests: requests.slice(0, count),
      perConversation: 4,
    });
  const measure = (until?: Date) =>
    measureSavings(rig.measure, { orgId: rig.db.orgId, now: new Date(), ...(until === undefined ? {} : { until }) });
  const verify = (change: (entry: SavingsEntry) => SavingsEntry = (same) => same) =>
    verifySavings(
      {
        policies: rig.db.stores.policies,
        usage: rig.clickHouse.usage,
        ledger: { list: async (orgId) => (await rig.db.stores.ledger.list(orgId)).map(change) },
      },
      rig.db.orgId,
    );

  beforeAll(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-loop-"));
    rig = await startLoop(spoolDir);
    server = createServer(rig.gateway.handle);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    url = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
    secret = (await rig.db.stores.gateway.createKey(rig.db.orgId, { label: "app", workload: "default", team: "t" })).secret;
    approval = await rig.approved();
    await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: approval.id });
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  it("too few conversations are not measured, and the window stays open", async () => {
    expect(await send(40)).toMatchObject({ answered: 40, failed: 0, streamed: 20 });
    const { entries, skipped } = await measure(new Date());
    expect(entries).toEqual([]);
    expect(skipped[0]).toMatch(/support-chat: gpt-5 → gpt-5-mini .* only \d+ conversations/);
  });

  it("without an asked end, a window closes only after its day is settled", async () => {
    expect((await measure()).skipped[0]).toContain("nothing new is settled yet");
  });

  it("the saving is the difference of what both arms cost, told, billed at the lower bound", async () => {
    expect(await send(600)).toMatchObject({ answered: 600, failed: 0 });
    const { entries, skipped } = await measure(new Date());
    expect(skipped).toEqual([]);
    expect(entries).toHaveLength(1);
    const [first] = entries;
    if (first === undefined) throw new Error("nothing measured");
    entry = first;
    const { measured } = entry;
    expect(measured.control.requests + measured.treatment.requests).toBe(640);
    const rates = [measured.control, measured.treatment].map(({ cost, requests }) => Number(fromUsd(cost)) / requests);
    const expected = ((rates[0] ?? 0) - (rates[1] ?? 0)) * measured.treatment.requests;
    expect(Math.abs(Number(fromUsd(measured.point)) - expected)).toBeLessThan(2);
    expect(fromUsd(measured.low) > 0n && fromUsd(measured.low) < fromUsd(measured.point)).toBe(true);
    expect(entry.billable).toBe(measured.low);
    expect(fromUsd(entry.fee)).toBe((fromUsd(entry.billable) * 2_000n + 5_000n) / 10_000n);
    expect((await rig.said(approval)).at(-1)).toMatchObject({ type: "savings.measured", entryId: entry.id });
  });

  it("what is stored of the traffic costs what the price list says, and each conversation has one arm", async () => {
    const rows = await rig.clickHouse.run(
      `SELECT count() AS requests, uniqExact(id) AS ids, countIf(isNull(cost)) AS unpriced FROM ${rig.clickHouse.database}.usage_facts FINAL`,
    );
    expect(rows.map((row) => JSON.stringify(row).replaceAll('"', ""))).toEqual(["{requests:640,ids:640,unpriced:0}"]);
    const mixed = await rig.clickHouse.run(
      `SELECT conversation FROM ${rig.clickHouse.database}.usage_facts FINAL GROUP BY conversation HAVING uniqExact(arm) > 1`,
    );
    expect(mixed).toEqual([]);
  });

  it("measuring again, also twice at once, adds nothing and tells nothing twice", async () => {
    const told = (await rig.said(approval)).length;
    const until = new Date(entry.to);
    await Promise.all([measure(until), measure(until)]);
    await measure();
    expect(await rig.db.stores.ledger.list(rig.db.orgId)).toEqual([entry]);
    expect(await rig.said(approval)).toHaveLength(told);
  });

  it("every entry is recomputed from stored rows to the last digit", async () => {
    expect(await verify()).toEqual([{ entryId: entry.id, differences: [] }]);
  });

  it.each<[string, (entry: SavingsEntry) => SavingsEntry]>([
    ["point", (e) => ({ ...e, measured: { ...e.measured, point: nudge(e.measured.point) } })],
    ["low", (e) => ({ ...e, measured: { ...e.measured, low: nudge(e.measured.low) } })],
    ["high", (e) => ({ ...e, measured: { ...e.measured, high: nudge(e.measured.high) } })],
    ["method", (e) => ({ ...e, measured: { ...e.measured, method: nudge(e.measured.method) } })],
    [
      "control cost",
      (e) => ({ ...e, measured: { ...e.measured, control: { ...e.measured.control, cost: nudge(e.measured.control.cost) } } }),
    ],
    ["treatment requests", (e) => ({ ...e, measured: { ...e.measured, treatment: { ...e.measured.treatment, requests: 1 } } })],
    ["billable", (e) => ({ ...e, billable: nudge(e.billable) })],
    ["fee", (e) => ({ ...e, fee: nudge(e.fee) })],
    ["input hash", (e) => ({ ...e, inputHash: nudge(e.inputHash) })],
    ["plan", (e) => ({ ...e, plan: { ...e.plan, feeBasisPoints: 2_001 } })],
    ["plan hash", (e) => ({ ...e, planHash: nudge(e.planHash) })],
    ["window", (e) => ({ ...e, from: new Date(Date.parse(e.from) - 1).toISOString() })],
    ["approval", (e) => ({ ...e, approvalId: "apr_other" })],
    ["rule", (e) => ({ ...e, policyRule: "another" })],
    ["version", (e) => ({ ...e, policyVersion: 2 })],
    ["query", (e) => ({ ...e, sql: nudge(e.sql) })],
    ["parameters", (e) => ({ ...e, sqlParams: { ...e.sqlParams, policyVersion: 9 } })],
  ])("an entry with a changed %s does not verify", async (_name, tamper) => {
    const [check] = await verify(tamper);
    expect(check?.differences.length).toBeGreaterThan(0);
  });

  it("two entries over the same time do not verify", async () => {
    const doubled = {
      policies: rig.db.stores.policies,
      usage: rig.clickHouse.usage,
      ledger: { list: async () => [entry, { ...entry, id: "sav_twice" as const }] },
    };
    const checks = await verifySavings(doubled, rig.db.orgId);
    expect(checks.map(({ differences }) => differences.join())).toEqual([
      expect.stringContaining("overlaps"),
      expect.stringContaining("overlaps"),
    ]);
  });

  it("the next window begins where the last one ended, and one unpriced request keeps it open", async () => {
    await send(600);
    const at = new Date();
    const rule = `rule-${approval.id}`;
    await rig.gateway.flush();
    const row = {
      id: "unmetered",
      orgId: rig.db.orgId,
      source: "gateway" as const,
      at,
      provider: "openai",
      requestedModel: "gpt-5",
      model: "gpt-5",
      tier: "standard" as const,
      requests: 1,
      tokens: noTokens,
      workload: "support-chat",
      team: "",
      user: "",
      apiKey: "",
      conversation: "x",
      promptHash: "",
      prefixHashes: [],
      prefixBlockTokens: 0,
      status: "aborted" as const,
      latencyMs: 1,
      firstByteMs: null,
      policyVersion: 1,
      policyRule: rule,
      arm: "treatment" as const,
      unit: "f".repeat(64),
      cost: null,
      priceVersion: "",
      unpricedReason: "no usage reported",
    };
    await rig.clickHouse.usage.write([row]);
    const until = new Date(at.getTime() + 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const open = await measure(until);
    expect(open.entries).toEqual([]);
    expect(open.skipped[0]).toContain("1 requests in the window have no price or no reported use");
    const { entries } = await measure(at);
    expect(entries).toMatchObject([{ from: entry.to, to: at.toISOString() }]);
    expect((await verify()).map(({ differences }) => differences)).toEqual([[], []]);
  });

  it("a stored row that changes afterwards makes its entry fail", async () => {
    await rig.clickHouse.run(
      `ALTER TABLE ${rig.clickHouse.database}.usage_facts DELETE WHERE id IN (SELECT id FROM ${rig.clickHouse.database}.usage_facts WHERE policy_version = 1 ORDER BY at LIMIT 1) SETTINGS mutations_sync = 2`,
    );
    const [first, second] = await verify();
    expect(first?.differences.some((difference) => difference.startsWith("inputHash"))).toBe(true);
    expect(second?.differences).toEqual([]);
  });
});
