import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BilledCharge } from "../../src/core/billing.ts";
import { AppError } from "../../src/core/errors.ts";
import { eventIdPrefix, type Pulled, type RemoteSource, type SourceContext } from "../../src/core/remote-source.ts";
import { UsageEvent } from "../../src/core/usage-event.ts";
import type { Period } from "../../src/core/usage-store.ts";
import { checkSettings } from "../../src/flows/sync-source.ts";
import { type ApiClient, createApiClient } from "../../src/ingest/api-client.ts";
import { type ApiAnswer, type ApiRequest, type FakeApi, startFakeApi } from "../setup/fake-api.ts";

/** What a source needs to pass the suite: a stand-in of its API by the provider's documents, and what must come out of it. */
export interface RemoteSourceCase {
  readonly create: (api: ApiClient) => RemoteSource;
  /** What an admin gives; `url` is the stand-in's address. Every value of `secrets` must stand in it. */
  readonly settings: (url: string) => Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Settings with a credential that the stand-in refuses as the provider does. */
  readonly wrong: (url: string) => Readonly<Record<string, string>>;
  /** What the sentence on a refused credential says: the scope or kind of key that is missing. */
  readonly missingScope: RegExp;
  /** Answers in the documented wire format, in several pages; checks the credential. */
  readonly answer: (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;
  readonly period: Period;
  /** How many of each must come out of the period, over all pages. */
  readonly events: number;
  readonly charges: number;
  readonly refused?: number;
  /** A field renamed by the provider: which answers, how, and what the error names. */
  readonly changed: { readonly path: RegExp; readonly alter: (body: string) => string; readonly names: RegExp };
}

const pulledBy = async (source: RemoteSource, context: SourceContext, period: Period): Promise<readonly Pulled[]> => {
  const all: Pulled[] = [];
  for await (const pulled of source.pull(context, period, new AbortController().signal)) all.push(pulled);
  return all;
};

/** Everything that was pulled, by kind. */
export const sorted = (all: readonly Pulled[]) => ({
  events: all.flatMap((pulled) => (pulled.type === "usage" ? pulled.events : [])),
  charges: all.flatMap((pulled) => (pulled.type === "charges" ? pulled.charges : [])),
  refused: all.flatMap((pulled) => (pulled.type === "refused" ? [pulled] : [])),
});

/** Pulls a period of a case from a stand-in of its own. */
export async function pullCase(testCase: RemoteSourceCase): Promise<ReturnType<typeof sorted>> {
  const api = await startFakeApi(testCase.answer);
  try {
    const source = testCase.create(createApiClient({ firstPauseMs: 1 }));
    return sorted(await pulledBy(source, contextFor(source, testCase.settings(api.url), testCase.period.to), testCase.period));
  } finally {
    await api.close();
  }
}

const connection = "src_0f1e2d3c-contract";
const contextFor = (source: RemoteSource, given: Readonly<Record<string, string>>, now: Date): SourceContext => {
  const { settings, secrets } = checkSettings(source, given);
  return { orgId: "org_contract", connection, settings: { ...settings, ...secrets }, now: () => now };
};

/** What every source that is read over the network promises. */
export function remoteSourceContract(name: string, testCase: RemoteSourceCase): void {
  const { period } = testCase;
  const source = testCase.create(createApiClient({ firstPauseMs: 1, timeoutMs: 5_000, attempts: 3 }));
  let api: FakeApi;
  beforeAll(async () => {
    api = await startFakeApi(testCase.answer);
  });
  beforeEach(() => api.reset());
  afterAll(() => api.close());
  const context = () => contextFor(source, testCase.settings(api.url), period.to);
  const pull = () => pulledBy(source, context(), period);
  const errorOf = async (work: Promise<unknown>): Promise<AppError> => {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(AppError);
    if (!(error instanceof AppError)) throw new Error("unreachable");
    return error;
  };

  describe(`the ${name} source`, () => {
    it("gives every row of every page once, each with an id of its own connection", async () => {
      const { events, charges, refused } = sorted(await pull());
      expect([events.length, charges.length, refused.length]).toEqual([testCase.events, testCase.charges, testCase.refused ?? 0]);
      for (const event of events) {
        expect(UsageEvent.parse(event)).toEqual(event);
        expect(event).toMatchObject({ source: source.source, orgId: "org_contract" });
        expect(event.id.startsWith(eventIdPrefix(connection))).toBe(true);
        expect(event.at >= period.from && event.at < period.to).toBe(true);
      }
      for (const charge of charges) {
        expect(BilledCharge.parse(charge)).toEqual(charge);
        expect(charge).toMatchObject({ source: source.source, origin: connection, orgId: "org_contract" });
      }
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      expect(new Set(charges.map(({ id, day }) => `${day} ${id}`)).size).toBe(charges.length);
    });

    it("gives the same rows each time it is read", async () => {
      expect(sorted(await pull())).toEqual(sorted(await pull()));
    });

    it("waits as long as a 429 asks and goes on", async () => {
      const whole = sorted(await pull());
      api.reset();
      api.failNext({ status: 429, headers: { "retry-after": "1" }, body: { error: "slow down" } });
      const begun = performance.now();
      expect(sorted(await pull())).toEqual(whole);
      expect(performance.now() - begun).toBeGreaterThan(900);
    });

    it("tries again after a 500, and says who is down where it stays", async () => {
      const whole = sorted(await pull());
      api.reset();
      api.failNext({ status: 500, body: "oops" });
      expect(sorted(await pull())).toEqual(whole);
      api.failNext({ status: 503, body: "oops" }, 100);
      const error = await errorOf(pull());
      expect([error.code, error.message]).toEqual(["provider_down", expect.stringMatching(/status 503/)]);
    });

    it("takes no half page: a broken one is asked for again, and refused where it stays broken", async () => {
      const whole = sorted(await pull());
      api.reset();
      api.failNext({ body: '{"data": [{"half' });
      expect(sorted(await pull())).toEqual(whole);
      api.failNext({ body: '{"data": [{"half' }, 100);
      expect((await errorOf(pull())).message).toMatch(/not whole|cannot be read/);
    });

    it("names a field that is not as documented, and makes no row of it", async () => {
      api.change(testCase.changed.path, testCase.changed.alter);
      const error = await errorOf(pull());
      expect(error.code).toBe("bad_input");
      expect(error.message).toMatch(testCase.changed.names);
    });

    it("says whose data it is, and which scope is missing where the credential is refused", async () => {
      const check = await source.test(context(), new AbortController().signal);
      expect(check.account).not.toBe("");
      const wrong = contextFor(source, testCase.wrong(api.url), period.to);
      for (const refused of [() => source.test(wrong, new AbortController().signal), () => pulledBy(source, wrong, period)]) {
        const error = await errorOf(refused());
        expect(["unauthenticated", "forbidden"]).toContain(error.code);
        expect(error.message).toMatch(testCase.missingScope);
        for (const value of Object.entries(testCase.wrong(api.url)).flatMap(([key, given]) =>
          source.settings[key]?.secret === true ? [given] : [],
        ))
          expect(error.message).not.toContain(value);
      }
    });

    it("keeps its secrets out of addresses, rows and errors", async () => {
      const secret = Object.entries(testCase.settings(api.url)).filter(([key]) => source.settings[key]?.secret === true);
      expect(secret.map(([, value]) => value)).toEqual(expect.arrayContaining([...testCase.secrets]));
      const rows = JSON.stringify(await pull());
      api.failNext({ status: 500, body: "oops" }, 100);
      const error = await errorOf(pull());
      const told = [rows, error.message, String(error.stack), ...api.requests.map(({ url }) => url.href)].join("\n");
      for (const value of testCase.secrets) expect(told).not.toContain(value);
    });

    it("says which setting is missing and where to find it", () => {
      for (const [setting, { fallback }] of Object.entries(source.settings)) {
        if (fallback !== undefined) continue;
        const given = { ...testCase.settings(api.url), [setting]: " " };
        expect(() => checkSettings(source, given)).toThrow(new RegExp(`needs the setting ${setting}: .*docs/`));
      }
      expect(() => checkSettings(source, { ...testCase.settings(api.url), colour: "red" })).toThrow(/no setting "colour"/);
    });

    it("stops when it is told to", async () => {
      const stop = new AbortController();
      stop.abort();
      await expect(async () => {
        for await (const pulled of source.pull(context(), period, stop.signal)) expect(pulled).toBeUndefined();
      }).rejects.toThrow(/abort/i);
    });
  });
}
