import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { Actuator, PolicyRule, RoutingPolicy } from "../../src/core/policy.ts";
import type { ApiRequest, FakeApi } from "../setup/fake-api.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

/** An actuator at a place of its own. */
export interface AtPlace {
  readonly actuator: Actuator;
  /** Everything that stands at the place, secrets and all. */
  state(): unknown;
  /** Makes a policy the active one, where the place reads it from the store. */
  activate?(policy: RoutingPolicy | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The place as an API over the network: what can go wrong there. */
export interface OverNetwork {
  readonly api: FakeApi;
  /** The same place, asked with a wrong key. */
  readonly wrongKey: Actuator;
  /** The same place, with the least patience. */
  readonly impatient: Actuator;
  /** What must never be told. */
  readonly secrets: readonly string[];
  /** What the sentence on a refused key names. */
  readonly setting: RegExp;
  /** Another admin changes what Apex has written. */
  meddle(): void;
  isWrite(request: ApiRequest): boolean;
}

export interface ActuatorCase {
  start(deps: { readonly db: TestDatabase; readonly orgId: Id<"org"> }): Promise<AtPlace & { readonly network?: OverNetwork }>;
  /** Whether it is reached over the network, so that it can fail as such places do. */
  readonly overNetwork: boolean;
  /** False where nobody can confirm that a version is in effect. */
  readonly confirms: boolean;
  /** What the plan says of a saving there. */
  readonly billing: RegExp;
}

/** A rule that holds out a share of gpt-4o's requests of the workload coding from gpt-4o-mini. */
export const codingRule = (holdoutShare: number): PolicyRule => ({
  id: "rule-coding",
  workload: "coding",
  requestedModel: "gpt-4o",
  strategy: {
    mode: "holdout",
    control: { provider: "openai", model: "gpt-4o" },
    treatment: { provider: "openai", model: "gpt-4o-mini" },
    plan: {
      method: "randomised_holdout",
      workload: "coding",
      baselineModel: "gpt-4o",
      treatmentModel: "gpt-4o-mini",
      unit: "conversation",
      holdoutShare,
      confidence: 0.95,
      resamples: 2_000,
      seed: "seed",
      feeBasisPoints: 2_000,
    },
  },
  approvalId: "apr_coding",
});

export const policyFor = (orgId: Id<"org">, version: number, rules: readonly PolicyRule[]): RoutingPolicy => ({
  id: newId("policy"),
  orgId,
  version,
  rules: [...rules],
  createdAt: "2026-11-01T00:00:00.000Z",
});

const errorOf = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError, but ${String(error)}`);
  return error;
};

/** What every place where policies take effect promises. */
export function actuatorContract(name: string, testCase: ActuatorCase): void {
  describe(`${name} as a place where policies take effect`, () => {
    let db: TestDatabase;
    let orgId: Id<"org">;
    let place: Awaited<ReturnType<ActuatorCase["start"]>>;
    beforeAll(async () => {
      db = await createTestDatabase();
    });
    beforeEach(async () => {
      orgId = await db.stores.ensureOrg(randomUUID());
      place = await testCase.start({ db, orgId });
    });
    afterEach(() => place.close());
    afterAll(() => db.drop());

    const state = (): string => JSON.stringify(place.state());
    const policy = (version: number, share: number): RoutingPolicy => policyFor(orgId, version, [codingRule(share)]);
    const apply = async (next: RoutingPolicy | undefined, by: Actuator = place.actuator): Promise<void> => {
      await place.activate?.(next);
      await by.apply(next, orgId);
    };
    const shown = () => place.actuator.readBack(orgId);
    const expectShown = async (version: number): Promise<void> => expect(await shown()).toEqual(testCase.confirms ? [version] : []);

    const overNetwork = (): OverNetwork => {
      if (place.network === undefined) throw new Error("the case says that it is reached over the network");
      return place.network;
    };

    it("says in sentences what would change, and what that means for the bill", async () => {
      const before = state();
      const sentences = await place.actuator.plan(policy(1, 0.1));
      expect(sentences.join(" ")).toMatch(/coding|team|config/);
      expect(sentences.join(" ")).toContain("gpt-4o-mini");
      expect(sentences.join(" ")).toMatch(testCase.billing);
      for (const sentence of [...sentences, ...(await place.actuator.plan(undefined))]) expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(state()).toBe(before);
    });

    it("brings a version into effect, and shows it when read back", async () => {
      await expectShown(0);
      const before = state();
      await apply(policy(1, 0.1));
      expect(state()).not.toBe(before);
      await expectShown(1);
      await apply(policy(2, 0.5));
      await expectShown(2);
    });

    it("applied twice is applied once", async () => {
      await apply(policy(1, 0.1));
      const once = state();
      await apply(policy(1, 0.1));
      expect(state()).toBe(once);
      await expectShown(1);
    });

    it("goes back to an older version and to none, which restores exactly what stood before", async () => {
      const before = state();
      await apply(policy(1, 0.1));
      const first = state();
      await apply(policy(2, 0.5));
      await apply(policy(1, 0.1));
      expect(state()).toBe(first);
      await expectShown(1);
      await apply(undefined);
      expect(state()).toBe(before);
      await expectShown(0);
      await apply(undefined);
      expect(state()).toBe(before);
    });

    it("keeps orgs apart: what one org does is not shown as another's, and is not undone by it", async () => {
      await apply(policy(1, 0.1));
      const ours = state();
      const other = await db.stores.ensureOrg(randomUUID());
      if (place.activate === undefined) await place.actuator.apply(undefined, other);
      expect(state()).toBe(ours);
      await expectShown(1);
      const others = place.activate === undefined ? await place.actuator.readBack(other) : [0];
      expect(others).toEqual(testCase.confirms ? [0] : []);
    });

    if (!testCase.overNetwork) return;

    it("a place that is down, refuses the key or answers garbage is told, and nothing is half done", async () => {
      const network = overNetwork();
      const before = state();
      const next = policy(1, 0.1);
      const cases = [
        [{ status: 503, body: "upstream connect error" }, "provider_down", /503/],
        [{ status: 429, headers: { "retry-after": "0" }, body: {} }, "rate_limited", /429/],
        [{ body: "<html>sign in</html>" }, "provider_down", /not JSON/],
        [{ body: { unexpected: true } }, "bad_input", /not as documented/],
        [{ status: 400, body: { error: "no" } }, "bad_input", /does not take the request/],
      ] as const;
      for (const [answer, code, words] of cases) {
        network.api.reset();
        network.api.failNext(answer, 100);
        const error = await errorOf(apply(next));
        expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
        for (const secret of network.secrets) expect(`${error.message} ${error.stack ?? ""}`).not.toContain(secret);
        expect(network.api.requests.length).toBeLessThan(30);
        expect(state()).toBe(before);
      }
      network.api.reset();
      const refused = await errorOf(apply(next, network.wrongKey));
      expect([refused.code, refused.message]).toEqual(["unauthenticated", expect.stringMatching(network.setting)]);
      expect(state()).toBe(before);
      await expectShown(0);
    });

    it("waits as a 429 asks, and tries again after a 5xx", async () => {
      const network = overNetwork();
      network.api.failNext({ status: 429, headers: { "retry-after": "1" }, body: {} });
      network.api.failNext({ status: 502, body: "" });
      const begun = performance.now();
      await apply(policy(1, 0.1));
      expect(performance.now() - begun).toBeGreaterThan(900);
      await expectShown(1);
    });

    it("a place that does not answer is given up in time", async () => {
      const network = overNetwork();
      const before = state();
      network.api.hangNext(100);
      const error = await errorOf(apply(policy(1, 0.1), network.impatient));
      expect([error.code, error.message]).toEqual(["timeout", expect.stringMatching(/no answer within/)]);
      network.api.reset();
      expect(state()).toBe(before);
    });

    it("broken off at any request, everything is taken back; and later it can be applied", async () => {
      const network = overNetwork();
      await apply(policy(1, 0.1));
      const before = state();
      network.api.reset();
      await apply(policy(2, 0.5));
      const needed = network.api.requests.length;
      await apply(policy(1, 0.1));
      expect(state()).toBe(before);
      for (let at = 1; at <= needed; at += 1) {
        network.api.reset();
        // Three tries of this one request: it is lost for good, and the next ones are well again.
        network.api.failFrom(at, { status: 500, body: "broken" }, 3);
        await errorOf(apply(policy(2, 0.5)));
        expect(state(), `broken at request ${at} of ${needed}`).toBe(before);
        await expectShown(1);
      }
      network.api.reset();
      await apply(policy(2, 0.5));
      await expectShown(2);
    });

    it("a crash at any request, with the place gone after it, can be rolled back whole", async () => {
      const network = overNetwork();
      const before = state();
      network.api.reset();
      await apply(policy(1, 0.1));
      const needed = network.api.requests.length;
      await apply(undefined);
      for (let at = 1; at <= needed; at += 1) {
        network.api.reset();
        network.api.failFrom(at, { status: 500, body: "broken" }, 10_000);
        await errorOf(apply(policy(1, 0.1)));
        network.api.reset();
        await apply(undefined);
        expect(state(), `gone from request ${at} of ${needed} on`).toBe(before);
        await expectShown(0);
      }
    });

    it("what somebody else changed meanwhile is noticed and not overwritten", async () => {
      const network = overNetwork();
      await apply(policy(1, 0.1));
      network.meddle();
      const theirs = state();
      for (const work of [() => apply(policy(2, 0.5)), () => apply(undefined), shown]) {
        network.api.reset();
        const error = await errorOf(work());
        expect([error.code, error.message]).toEqual(["conflict", expect.stringMatching(/Somebody changed/)]);
        expect(network.api.requests.filter((request) => network.isWrite(request))).toEqual([]);
        expect(state()).toBe(theirs);
      }
    });

    it("changed by two workers at once, it is changed by one after the other", async () => {
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => apply(policy(1, 0.1))));
      const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === "rejected" ? [outcome.reason] : []));
      expect(failures.length).toBeLessThan(3);
      for (const failure of failures) expect(failure).toMatchObject({ code: "busy" });
      await expectShown(1);
    });
  });
}
