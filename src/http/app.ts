import fastify, { type FastifyInstance, type FastifyServerFactory } from "fastify";
import { Platform } from "../core/conversation.ts";
import { AppError, type ErrorCode } from "../core/errors.ts";
import { TooLarge } from "./plugins/whole-body.ts";
import { type ChatDeps, chatRoutes } from "./routes/chat.ts";
import { healthRoutes, type ReadyCheck } from "./routes/health.ts";
import { type InstallDeps, installRoutes } from "./routes/install.ts";
import { type LocalDeps, localRoute } from "./routes/local.ts";
import { otlpRoutes, type TraceIntake } from "./routes/otlp.ts";
import { type SpendRouteDeps, spendRoutes } from "./routes/spend.ts";
import { type StatementRouteDeps, statementRoutes } from "./routes/statement.ts";
import { type FileIntake, usageFileRoute } from "./routes/usage-files.ts";

export interface HttpDeps extends ChatDeps {
  /** What must work before traffic is sent here. */
  readonly ready: readonly ReadyCheck[];
  /** Lets command lines on this machine run inside the service; absent: the route does not exist. */
  readonly local?: LocalDeps;
  /** Lets holders of a read key see spend; absent: the routes do not exist. */
  readonly spend?: SpendRouteDeps;
  /** Lets holders of a read key see savings statements; absent: the routes do not exist. */
  readonly statements?: StatementRouteDeps;
  /** Lets workspaces of a platform install the bot, by platform; absent: the routes do not exist. */
  readonly install?: Readonly<Partial<Record<Platform, Omit<InstallDeps, "statusOf">>>>;
  /** Takes in traces; absent: it is said that none are taken here. */
  readonly traces?: TraceIntake;
  /** Takes in files of usage; absent: the route does not exist. */
  readonly files?: FileIntake;
  /** Makes the server, where it is shared with others. */
  readonly serverFactory?: FastifyServerFactory;
}

/** The largest body that is read, in bytes. */
const bodyLimit = 1_048_576;

const statuses: Readonly<Record<ErrorCode, number>> = {
  bad_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  stale: 409,
  unpriced: 422,
  not_configured: 501,
  busy: 503,
  rate_limited: 429,
  provider_down: 502,
  timeout: 504,
  internal: 500,
};

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

const internal: Answer = {
  status: 500,
  code: "internal",
  message: "Something went wrong here. Please try again; if it stays, look into the log.",
};

/** What Fastify itself refuses, by status; its own texts stay inside. */
const refusals: Readonly<Record<number, Answer>> = {
  400: { status: 400, code: "bad_input", message: "The request cannot be read." },
  413: { status: 413, code: "bad_input", message: `The request is larger than ${bodyLimit} bytes. Please send less at once.` },
  415: { status: 415, code: "bad_input", message: "This kind of content is not accepted here." },
};

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;

function answerTo(error: unknown): Answer {
  if (error instanceof AppError) {
    if (error.code === "internal") return internal;
    return { status: statuses[error.code], code: error.code, message: error.message, retryAfterMs: error.retryAfterMs };
  }
  if (error instanceof TooLarge) return { status: error.statusCode, code: "bad_input", message: error.message };
  const status = statusOf(error);
  return status === undefined || status >= 500
    ? internal
    : (refusals[status] ?? { ...internal, status, code: "bad_input", message: "The request was refused." });
}

/** The HTTP application: it verifies, stores and answers; the work is done elsewhere. It does not listen by itself. */
export function createHttpApp(deps: HttpDeps): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout: 30_000,
    connectionTimeout: 0,
    routerOptions: { maxParamLength: 128 },
    ...(deps.serverFactory === undefined ? {} : { serverFactory: deps.serverFactory }),
  });
  app.setErrorHandler(async (error, request, reply) => {
    const answer = answerTo(error);
    if (answer.status >= 500)
      deps.log.error("A request failed.", { method: request.method, path: request.routeOptions.url, error: String(error) });
    if (answer.retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(answer.retryAfterMs / 1000));
    return reply.status(answer.status).send({ error: { code: answer.code, message: answer.message } });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.status(404).send({ error: { code: "not_found", message: "There is nothing at this address." } }),
  );
  healthRoutes(app, deps.ready);
  chatRoutes(app, deps);
  for (const platform of Platform.options) {
    const install = deps.install?.[platform];
    if (install !== undefined) installRoutes(app, platform, { ...install, statusOf: (error) => answerTo(error).status });
  }
  if (deps.spend !== undefined) spendRoutes(app, deps.spend);
  if (deps.statements !== undefined) statementRoutes(app, deps.statements);
  otlpRoutes(app, deps.traces, answerTo);
  if (deps.files !== undefined) usageFileRoute(app, deps.files);
  if (deps.local !== undefined) localRoute(app, deps.local);
  return app;
}
