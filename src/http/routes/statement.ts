import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { Month } from "../../core/billing-terms.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { ReadKeyStore } from "../../core/read-key.ts";
import type { SavingsStatement } from "../../core/savings-statement.ts";
import { readerOf } from "../plugins/read-key.ts";
import { statementPage } from "../statement-page.ts";

/** What reading savings statements over HTTP needs. */
export interface StatementRouteDeps {
  readonly readKeys: Pick<ReadKeyStore, "orgOf">;
  statement(org: { readonly id: Id<"org">; readonly name: string }, month: Month, asOf: Date): Promise<SavingsStatement>;
  readonly now: () => Date;
}

const Query = z.strictObject({ month: Month.optional() });

async function statementFor({ readKeys, statement, now }: StatementRouteDeps, request: FastifyRequest): Promise<SavingsStatement> {
  const { id, name } = await readerOf(request, readKeys);
  const query = Query.safeParse(request.query);
  if (!query.success)
    throw new AppError("bad_input", "The address takes a month, once: /api/savings/statement?month=2026-11.", { cause: query.error });
  const asOf = now();
  return statement({ id, name }, query.data.month ?? asOf.toISOString().slice(0, 7), asOf);
}

/** `GET /api/savings/statement` as JSON, to be kept and verified, and `GET /statement` as a page: for holders of a read key of the org alone. */
export function statementRoutes(app: FastifyInstance, deps: StatementRouteDeps): void {
  app.get("/api/savings/statement", async (request, reply) =>
    reply.header("cache-control", "no-store").send(await statementFor(deps, request)),
  );
  app.get("/statement", async (request, reply) => {
    // A browser asks its user for the key, as a password, where this header comes with a refusal.
    reply.header("www-authenticate", 'Basic realm="Apex: any name, and a read key as the password", charset="UTF-8"');
    const statement = await statementFor(deps, request);
    return reply
      .removeHeader("www-authenticate")
      .header("cache-control", "no-store")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .type("text/html; charset=utf-8")
      .send(statementPage(statement));
  });
}
