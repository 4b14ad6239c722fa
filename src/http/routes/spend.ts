import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { readSpan } from "../../core/day-span.ts";
import { AppError } from "../../core/errors.ts";
import type { OrgSettings } from "../../core/org-settings.ts";
import { readDimensions } from "../../core/read-dimensions.ts";
import type { ReadKeyStore } from "../../core/read-key.ts";
import { readZone } from "../../core/zone.ts";
import { spendDocument } from "../../flows/spend-document.ts";
import type { SpendReport, SpendRequest } from "../../flows/spend-report.ts";
import { readerOf } from "../plugins/read-key.ts";
import { spendPage } from "../spend-page.ts";

/** What reading spend over HTTP needs. */
export interface SpendRouteDeps {
  readonly readKeys: Pick<ReadKeyStore, "orgOf">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
  spend(request: SpendRequest): Promise<SpendReport>;
  readonly now: () => Date;
}

const text = z.string().max(200).optional();
const Query = z.strictObject({ from: text, to: text, by: text, zone: text });

function read(query: unknown): z.infer<typeof Query> {
  const result = Query.safeParse(query);
  if (result.success) return result.data;
  throw new AppError(
    "bad_input",
    "The address takes from, to, by and zone, each once: /api/usage/spend?from=2026-11-01&to=2026-11-07&by=model.",
    {
      cause: result.error,
    },
  );
}

async function reportFor(
  { readKeys, settings, spend, now }: SpendRouteDeps,
  request: FastifyRequest,
): Promise<{ org: string; report: SpendReport }> {
  const { id, name } = await readerOf(request, readKeys);
  const { from, to, by, zone: given } = read(request.query);
  const zone = given === undefined ? await settings.zoneOf(id) : readZone(given);
  const report = await spend({ orgId: id, period: readSpan({ from, to }, zone, now()), by: readDimensions(by), zone });
  return { org: name, report };
}

/** `GET /api/usage/spend` as JSON and `GET /spend` as a page: the same report, for holders of a read key of the org alone. */
export function spendRoutes(app: FastifyInstance, deps: SpendRouteDeps): void {
  app.get("/api/usage/spend", async (request, reply) => {
    const { report } = await reportFor(deps, request);
    return reply.header("cache-control", "no-store").send(spendDocument(report));
  });
  app.get("/spend", async (request, reply) => {
    // A browser asks its user for the key, as a password, where this header comes with a refusal.
    reply.header("www-authenticate", 'Basic realm="Apex: any name, and a read key as the password", charset="UTF-8"');
    const { org, report } = await reportFor(deps, request);
    return reply
      .removeHeader("www-authenticate")
      .header("cache-control", "no-store")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .type("text/html; charset=utf-8")
      .send(spendPage(org, report));
  });
}
