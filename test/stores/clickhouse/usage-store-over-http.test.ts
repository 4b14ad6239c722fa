import { afterAll, expect, it, vi } from "vitest";
import { startClickHouseBridge } from "../../setup/clickhouse-bridge.ts";

const bridge = await startClickHouseBridge();
vi.stubEnv("CLICKHOUSE_URL", bridge.url);
afterAll(async () => {
  vi.unstubAllEnvs();
  await bridge.close();
});

// The same suite, on what CLICKHOUSE_URL names.
await import("./usage-store.test.ts");

it("was asked over HTTP", () => {
  expect(bridge.statements()).toBeGreaterThan(100);
});
