import type { RemoteSource } from "../../src/core/remote-source.ts";
import type { Period } from "../../src/core/usage-store.ts";
import { type ApiClient, createApiClient } from "../../src/ingest/api-client.ts";
import { type ApiAnswer, type ApiRequest, startFakeApi } from "../setup/fake-api.ts";

/** Pulls a period and keeps nothing of it: how many rows came, and how many at most at once. */
export async function pullSize(
  create: (api: ApiClient) => RemoteSource,
  settings: Readonly<Record<string, string>>,
  period: Period,
  answer: (request: ApiRequest) => ApiAnswer,
): Promise<{ readonly rows: number; readonly atOnce: number }> {
  const api = await startFakeApi(answer);
  try {
    const context = {
      orgId: "org_contract",
      connection: "src_0f1e2d3c-contract",
      settings: { ...settings, baseUrl: api.url },
      now: () => period.to,
    } as const;
    let [rows, atOnce] = [0, 0];
    for await (const pulled of create(createApiClient()).pull(context, period, new AbortController().signal)) {
      if (pulled.type !== "usage") continue;
      rows += pulled.events.length;
      atOnce = Math.max(atOnce, pulled.events.length);
    }
    return { rows, atOnce };
  } finally {
    await api.close();
  }
}
