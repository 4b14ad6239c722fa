import { describe, expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import type { SavingsStatement } from "../../src/core/savings-statement.ts";
import { createHttpApp } from "../../src/http/app.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const unused = () => Promise.reject(new AppError("internal", "not used here"));

const cost = {
  arm: "control",
  part: "judge",
  provider: "openai",
  model: "gpt-5",
  priceVersion: "openai/gpt-5#1",
  requests: 3,
  cost: "0.250000000000",
};
const side = { units: 40, requests: 120, cost: "3.000000000000", overhead: "0.250000000000" };
const usd = "12.500000000000";

const statement: SavingsStatement = {
  kind: "savings_statement",
  version: 1,
  orgId: "org_acme",
  org: "Acme <script>alert(1)</script>",
  month: "2026-11",
  asOf: "2026-12-04T00:00:00.000Z",
  final: true,
  spend: "2000.000000000000",
  tier: "early",
  lines: [
    {
      approvalId: "apr_1",
      policyRule: "rule-apr_1",
      policyVersion: 3,
      proposal: {
        title: "Move <b>chat</b> to gpt-5-mini",
        recommendationId: "rec_1",
        estimate: { kind: "estimated", low: usd, mid: usd, high: usd, unit: "USD/month", method: "repricing" },
        decidedBy: "Ada",
        decidedAt: "2026-11-01T00:00:00.000Z",
      },
      plan: {
        method: "randomised_holdout",
        workload: "chat",
        baselineModel: "gpt-5",
        treatmentModel: "gpt-5-mini",
        unit: "conversation",
        holdoutShare: 0.1,
        confidence: 0.95,
        resamples: 2_000,
        seed: "s",
        feeBasisPoints: 2_000,
      },
      planHash: "a1",
      windows: [
        {
          entryId: "sav_1",
          from: "2026-11-02T00:00:00.000Z",
          to: "2026-11-03T00:00:00.000Z",
          point: usd,
          low: usd,
          state: "in_breach",
          why: "The guardrail was broken.",
          apart: "0.000000000000",
        },
      ],
      measured: {
        kind: "measured",
        point: usd,
        low: usd,
        high: usd,
        confidence: 0.95,
        unit: "USD",
        method: "holdout",
        control: side,
        treatment: side,
      },
      counted: usd,
      billed: usd,
      feeBasisPoints: 2_000,
      fee: "2.500000000000",
      costs: [cost],
      inputHash: "b2",
      query: { sql: "SELECT a < b", params: { org: "org_acme" } },
      baselineQuery: null,
    },
  ],
  counted: usd,
  billed: usd,
  fee: "2.500000000000",
  days: [{ provider: "openai", day: "2026-11-04", metered: usd, billed: null, gapPercent: null, state: "no_bill", earns: false }],
  indicative: [],
  rules: ["Losses are set off."],
  hash: "c3",
};

describe("the statement over HTTP", () => {
  const asked: string[] = [];
  const app = () =>
    createHttpApp({
      adapterFor: () => undefined,
      receive: {
        members: { installationOf: unused, memberOf: unused },
        inbound: { receiveMessage: unused, receiveClick: unused, receiveOpened: unused, receiveFeedback: unused, receiveRemoved: unused },
        runs: { get: unused },
        schedules: { of: unused },
        budgets: { list: unused },
        settings: { zoneOf: unused },
        jobs: { enqueue: unused },
        log: quiet,
      },
      ready: [],
      now: () => new Date("2026-12-04T00:00:00Z"),
      log: quiet,
      statements: {
        readKeys: { orgOf: async (key) => (key === "rk" ? { id: "org_acme", name: "Acme" } : undefined) },
        statement: async ({ id }, month) => {
          asked.push(`${id} ${month}`);
          return statement;
        },
        now: () => new Date("2026-12-04T00:00:00Z"),
      },
    });

  it("is JSON and a page without scripts, for holders of a read key alone", async () => {
    const http = app();
    try {
      for (const path of ["/statement", "/api/savings/statement"]) {
        expect((await http.inject(path)).statusCode).toBe(401);
        expect((await http.inject({ url: `${path}?month=2026-13`, headers: { authorization: "Bearer rk" } })).statusCode).toBe(400);
      }
      const json = await http.inject({ url: "/api/savings/statement", headers: { authorization: "Bearer rk" } });
      expect(json.json()).toEqual(statement);
      const page = await http.inject({
        url: "/statement?month=2026-11",
        headers: { authorization: `Basic ${Buffer.from("me:rk").toString("base64")}` },
      });
      expect(asked).toEqual(["org_acme 2026-12", "org_acme 2026-11"]);
      expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
      expect(page.body).not.toContain("<script");
      expect(page.body).not.toContain("<b>chat");
      for (const part of [
        "$12.50",
        "$2.50",
        "openai/gpt-5#1",
        "SELECT a &lt; b",
        "in breach",
        "openai 2026-11-04",
        "@media print",
        'id="fee" value="2.500000000000"',
        "20 %",
      ])
        expect(page.body).toContain(part);
    } finally {
      await http.close();
    }
  });
});
