import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { createMeter } from "../../src/gateway/meter.ts";
import { ask, completion, json, listen, orgId, policyOf, question, rule, startRig, tempFolder } from "./rig.ts";

describe("the settings", () => {
  it("stay in force while their store is away, and are fresh again when it is back", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, policy: policyOf(2, [rule]) });
    const good = rig.snapshot;
    rig.snapshot = () => Promise.reject(new Error("connection refused"));
    await expect(rig.gateway.refresh()).rejects.toThrow("connection refused");
    await sleep(200);
    expect(rig.gateway.effectiveVersion(orgId)).toBe(2);
    expect((await ask(rig.url, question)).status).toBe(200);
    expect(rig.logged.filter((line) => line.includes("could not refresh"))).toHaveLength(1);
    rig.snapshot = async () => ({ ...(await good()), policies: new Map([[orgId, policyOf(3, [rule])]]) });
    await sleep(200);
    expect(rig.gateway.effectiveVersion(orgId)).toBe(3);
  });

  it("asked for anew are read after the asking, also while a read is under way", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { refreshMs: 60_000 } });
    const base = await rig.snapshot();
    let stored = 1;
    rig.snapshot = async () => {
      const version = stored;
      await sleep(50);
      return { ...base, policies: new Map([[orgId, policyOf(version, [rule])]]) };
    };
    const early = rig.gateway.refresh();
    await sleep(10);
    stored = 2;
    await Promise.all([rig.gateway.refresh(), early]);
    expect(rig.gateway.effectiveVersion(orgId)).toBe(2);
  });

  it("that were never loaded make the gateway answer 503 in OpenAI's format", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const { createGateway } = await import("../../src/gateway/proxy.ts");
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const unloaded = createGateway({
      store: { snapshot: () => Promise.reject(new Error("away")) },
      fleet: { report: () => Promise.resolve(), withdraw: () => Promise.resolve() },
      recordUsage: () => Promise.resolve(),
      providerOf: () => undefined,
      spoolDir: await tempFolder(),
      log: quiet,
      now: () => new Date(),
      random: () => 0,
    });
    const { url } = await listen(unloaded.handle);
    const response = await ask(url, question);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "gateway_not_ready" } });
    await unloaded.close();
    expect(rig.rows).toHaveLength(0);
  });
});

describe("usage while its store is away", () => {
  it("waits on disk and is stored later, every row once or more, none lost", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const spoolDir = await tempFolder();
    const rig = await startRig({ upstreamUrl: upstream.url, spoolDir });
    const store = rig.record;
    rig.record = () => Promise.reject(new Error("store is down"));
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(rig.url, question)));
    const ids = answers.map((answer) => answer.headers.get("x-apex-request-id"));
    await sleep(150);
    expect(await rig.gateway.flush()).toBe(false);
    expect((await readdir(spoolDir)).length).toBeGreaterThan(0);
    expect(rig.rows).toHaveLength(0);
    rig.record = store;
    await rig.rowsWhen(50);
    await sleep(100);
    expect(new Set(rig.rows.map((row) => row.id))).toEqual(new Set(ids));
    expect(rig.rows.every((row) => row.at instanceof Date)).toBe(true);
    expect(await readdir(spoolDir)).toHaveLength(0);
  });

  it("is found by the next process, also where a crash tore the last line", async () => {
    const spoolDir = await tempFolder();
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const first = await startRig({ upstreamUrl: upstream.url, spoolDir });
    first.record = () => Promise.reject(new Error("store is down"));
    await Promise.all(Array.from({ length: 5 }, () => ask(first.url, question)));
    await first.gateway.close();
    const [file] = await readdir(spoolDir);
    await appendFile(join(spoolDir, file ?? ""), '{"id":"req_torn","orgId":"org_t');
    const second = await startRig({ upstreamUrl: upstream.url, spoolDir });
    expect(await second.rowsWhen(5)).toHaveLength(5);
    await sleep(50);
    expect(second.logged.some((line) => line.includes("cannot be read"))).toBe(true);
    expect((await readdir(spoolDir)).every((name) => name.endsWith(".torn"))).toBe(true);
  });

  it("that the store refuses for good holds back no other", async () => {
    const spoolDir = await tempFolder();
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const stored = new Set<string>();
    let away = true;
    const recordUsage = (events: readonly UsageEvent[]): Promise<void> => {
      if (away || events.some(({ id }) => id === "bad")) return Promise.reject(new Error("refused"));
      for (const { id } of events) stored.add(id);
      return Promise.resolve();
    };
    const limits = { flushMs: 5, batchSize: 10, writeTimeoutMs: 100, retryMs: 5, maxRetryMs: 10 };
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url });
    await ask(rig.url, question);
    const [row] = await rig.rowsWhen(1);
    if (row === undefined) throw new Error("no row");
    const meter = createMeter({ recordUsage, spoolDir, log: quiet, limits });
    meter.add({ ...row, id: "bad" });
    await meter.flush();
    away = false;
    for (let n = 0; n < 30; n++) {
      meter.add({ ...row, id: `good ${n}` });
      await sleep(3);
    }
    for (let tries = 0; tries < 200 && stored.size < 30; tries++) await sleep(20);
    expect(stored.size).toBe(30);
    expect(await meter.flush()).toBe(false);
    await meter.close();
  });
});
