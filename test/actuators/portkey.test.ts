import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer as createSocket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createAdminApi } from "../../src/actuators/admin-api.ts";
import { withRules } from "../../src/actuators/portkey/config-edit.ts";
import { createPortkeyActuator } from "../../src/actuators/portkey/index.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import { codingRule, policyFor } from "../contract/actuator.ts";
import { completion, json, listen, readJson } from "../gateway/rig.ts";
import { startFakeApi } from "../setup/fake-api.ts";
import { portkeyAdmin, portkeyKey, portkeyState } from "../setup/portkey-admin.ts";
import { createTestDatabase } from "../setup/test-database.ts";

const single = (model: string): PolicyRule => ({
  ...codingRule(0.1),
  strategy: { mode: "single", target: { provider: "openai", model } },
});

async function freePort(): Promise<number> {
  const server = createSocket();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Where the peer stands, which is none of our dependencies: .ci/run installs it in a folder of its own. */
const peerFolder = process.env["PORTKEY_GATEWAY_DIR"] ?? "";
const peerEntry = join(peerFolder, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js");
const noPeer = existsSync(peerEntry)
  ? ""
  : " (skipped: set PORTKEY_GATEWAY_DIR to a folder in which npm has installed @portkey-ai/gateway 1.15.2 with hono 4.9.7 and @hono/node-server 1.13.5)";

/** The open-source gateway of Portkey, a program that we did not write, on loopback. */
async function startPeer(entry: string): Promise<string> {
  const port = await freePort();
  const loopback = fileURLToPath(new URL("../setup/loopback-only.cjs", import.meta.url));
  const child = spawn(process.execPath, ["--require", loopback, entry, `--port=${port}`, "--headless"], {
    env: { PATH: process.env["PATH"], NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1" },
    stdio: "ignore",
  });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return url;
    await sleep(100);
  }
  throw new Error("the peer does not listen");
}

/** A provider that notes which models it was asked for. */
async function startUpstream(): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const { url } = await listen(async (req, res) => {
    const { model } = z.object({ model: z.string() }).parse(await readJson(req));
    asked.push(model);
    json(res, 200, completion(model));
  });
  return { url, asked };
}

describe("Portkey as an actuator", () => {
  it.skipIf(noPeer !== "")(`writes a config that Portkey's own open-source gateway follows${noPeer}`, async () => {
    const upstream = await startUpstream();
    const peer = await startPeer(peerEntry);
    const stored = portkeyState();
    const slug = "pc-support-1a2b";
    const before = { provider: "openai", api_key: "sk-upstream", custom_host: `${upstream.url}/v1`, retry: { attempts: 1 } };
    stored.configs.set(slug, [before]);
    const api = await startFakeApi(portkeyAdmin(stored));
    onTestFinished(() => api.close());
    const db = await createTestDatabase();
    onTestFinished(() => db.drop());
    const actuator = createPortkeyActuator({
      baseUrl: `${api.url}/v1`,
      apiKey: portkeyKey,
      configs: new Map([["coding", slug]]),
      api: createAdminApi(),
      snapshots: db.stores.snapshots,
    });
    const ask = async (model: string): Promise<string> => {
      const response = await fetch(`${peer}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-portkey-config": JSON.stringify(stored.configs.get(slug)?.at(-1)) },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
      });
      expect([response.status, response.ok ? "" : await response.text()]).toEqual([200, ""]);
      return upstream.asked.at(-1) ?? "";
    };
    expect(await ask("gpt-4o")).toBe("gpt-4o");
    await actuator.apply(policyFor(db.orgId, 1, [single("gpt-4o-mini")]), db.orgId);
    expect(await actuator.readBack(db.orgId)).toEqual([1]);
    expect(await ask("gpt-4o")).toBe("gpt-4o-mini");
    expect(await ask("gpt-4.1")).toBe("gpt-4.1");
    await actuator.apply(policyFor(db.orgId, 2, [codingRule(0.5)]), db.orgId);
    for (let i = 0; i < 60; i += 1) await ask("gpt-4o");
    expect([...new Set(upstream.asked.slice(-60))].sort()).toEqual(["gpt-4o", "gpt-4o-mini"]);
    await actuator.apply(undefined, db.orgId);
    expect(stored.configs.get(slug)?.at(-1)).toEqual(before);
    expect(await ask("gpt-4o")).toBe("gpt-4o");
  });

  it("keeps what holds for all targets, and what stood before as one of them", () => {
    const made = withRules(
      {
        strategy: { mode: "fallback" },
        targets: [{ provider: "@a" }, { provider: "@b" }],
        cache: { mode: "simple" },
        retry: { attempts: 2 },
      },
      [codingRule(0.1)],
    );
    expect(made).toMatchObject({
      cache: { mode: "simple" },
      retry: { attempts: 2 },
      strategy: { mode: "conditional", conditions: [{ query: { "params.model": { $eq: "gpt-4o" } } }], default: "apex-as-before" },
    });
    expect(made["targets"]).toEqual([
      {
        name: "apex-rule-1",
        strategy: { mode: "loadbalance" },
        targets: [
          expect.objectContaining({ weight: 0.9, override_params: { model: "gpt-4o-mini" }, strategy: { mode: "fallback" } }),
          expect.objectContaining({ weight: 0.1, override_params: { model: "gpt-4o" } }),
        ],
      },
      { name: "apex-as-before", strategy: { mode: "fallback" }, targets: [{ provider: "@a" }, { provider: "@b" }] },
    ]);
  });

  it("refuses what it cannot carry out truly, with what to do", () => {
    const away: PolicyRule = {
      ...codingRule(0.1),
      strategy: {
        mode: "canary",
        control: { provider: "openai", model: "gpt-4o" },
        treatment: { provider: "azure", model: "gpt-4o" },
        share: 0.1,
        sticky: "user",
      },
    };
    expect(() => withRules({ provider: "@openai" }, [away])).toThrow(/Only changes within one provider/);
    expect(() => withRules({ provider: "@openai", override_params: { model: "gpt-4o" } }, [codingRule(0.1)])).toThrow(
      /sets a model of its own/,
    );
    expect(() => withRules({ retry: { attempts: 2 } }, [codingRule(0.1)])).toThrow(/names no provider and no targets/);
  });
});
