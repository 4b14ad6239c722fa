import { afterAll, expect, it, vi } from "vitest";
import { usageStoreSuite } from "../../contract/usage-store.ts";
import { startClickHouseBridge } from "../../setup/clickhouse-bridge.ts";

const bridge = await startClickHouseBridge();
vi.stubEnv("CLICKHOUSE_URL", bridge.url);
afterAll(async () => {
  vi.unstubAllEnvs();
  await bridge.close();
});

usageStoreSuite();

it("was asked over HTTP", () => {
  expect(bridge.statements()).toBeGreaterThan(100);
});
