import type { IncomingMessage, Server } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Engines } from "./compose-engines.ts";
import type { Intake } from "./compose-intake.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import { connectListeners } from "./compose-listeners.ts";
import type { SavingsFlows } from "./compose-savings.ts";
import { connectSlack, wireInstall } from "./compose-slack.ts";
import { admitTeams } from "./compose-teams.ts";
import type { Config } from "./config.ts";
import type { AckGate } from "./core/ack-gate.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import { AppError } from "./core/errors.ts";
import type { Id } from "./core/ids.ts";
import type { JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { Gateway } from "./gateway/proxy.ts";
import { createBoundedServer } from "./http/bounded-server.ts";
import type { ReadyCheck } from "./http/routes/health.ts";
import type { LocalDeps } from "./http/routes/local.ts";
import { usageFilesPath } from "./http/routes/usage-files.ts";

/** What to serve on the port. */
export interface ListenOptions {
  /** Chat platforms, usage that is sent to us, health and the local command line. */
  readonly http: boolean;
  /** Model traffic under /v1 and /v1beta. */
  readonly gateway: boolean;
  readonly local?: LocalDeps;
  /** Any free port where it is 0; the configured one where it is not said. */
  readonly port?: number;
}

/** A server that listens. */
export interface Listening {
  readonly url: string;
  /**
   * Takes no new connection and lets requests in flight end. Once `drained` is over nothing works for them any more:
   * commands are then told to stop, and what is still open is cut off.
   */
  close(drained?: Promise<unknown>): Promise<void>;
}

/** How long requests have to end once nothing works for them any more, in milliseconds. */
const cutOffMs = 3_000;

export interface ServerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
  readonly engines: Engines;
  readonly jobs: JobQueue;
  readonly gateway: Gateway;
  readonly spending: LedgerFlows;
  readonly savings: SavingsFlows;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly intake: Intake;
  readonly acks: AckGate;
  /** The org that platforms and upstreams from the configuration belong to. */
  readonly ownOrg: Id<"org">;
}

const readyChecks = ({ engines, ownOrg }: ServerDeps): readonly ReadyCheck[] => [
  {
    name: "postgres",
    async check() {
      await engines.stores.orgs();
    },
  },
  {
    name: "clickhouse",
    async check() {
      await engines.usage.coverage(ownOrg);
    },
  },
];

/** How long a request may take to arrive: longer than the gateway waits for a body, so that its own answer comes first. */
const requestTimeoutMs = 65_000;

/** Cuts a request off that does not arrive in time; Node itself has one limit for all of them, which files need longer. */
function boundArrival(request: IncomingMessage): void {
  if (request.url?.startsWith(usageFilesPath) === true) return;
  const late = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, requestTimeoutMs);
  request.once("close", () => clearTimeout(late));
}

/** Where senders of telemetry post to: under /v1/, but none of the gateway's. */
const telemetryPath = /^\/v1\/(traces|metrics|logs)(\?|$)/;

const isForGateway = (url = ""): boolean => url.startsWith("/v1beta/") || (url.startsWith("/v1/") && !telemetryPath.test(url));

/** The HTTP application; commands that it runs end at the signal. */
async function httpApp(deps: ServerDeps, options: ListenOptions, closing: AbortSignal): Promise<FastifyInstance> {
  const { log, now, engines, jobs, gateway, adapterFor } = deps;
  const { createHttpApp } = await import("./http/app.ts");
  return createHttpApp({
    adapterFor: (platform) => (options.http ? adapterFor(platform) : undefined),
    receive: { ...engines.stores, jobs, log },
    acks: deps.acks,
    ...(options.http ? { install: await wireInstall(deps) } : {}),
    now,
    log,
    ready: readyChecks(deps),
    ...(options.http ? { statements: { ...engines.stores, statement: deps.savings.statement, now } } : {}),
    ...(options.http ? { spend: { ...engines.stores, spend: (request) => deps.spending.spend(request), now } } : {}),
    ...(options.http ? deps.intake : {}),
    ...(options.local === undefined ? {} : { local: endingWith(options.local, closing) }),
    serverFactory: (handler) =>
      createBoundedServer((request, response) => {
        boundArrival(request);
        if (options.gateway && isForGateway(request.url)) gateway.handle(request, response);
        else handler(request, response);
      }),
  });
}

/** Serves one port: model traffic under /v1/ and /v1beta/ is the gateway's, the rest is Fastify's. */
export async function listen(deps: ServerDeps, options: ListenOptions): Promise<Listening> {
  const { config, engines, gateway, ownOrg } = deps;
  if (options.gateway) {
    for (const upstream of config.upstreams) await engines.stores.gateway.setUpstream(ownOrg, upstream);
    if (config.models.kind === "on") await engines.stores.gateway.ownKey(ownOrg);
    await engines.takeDataDir();
    await gateway.start();
  }
  if (options.http) await admitTeams(config, engines.stores, ownOrg);
  const stopping = new AbortController();
  const closing = new AbortController();
  const app = await httpApp(deps, options, closing.signal);
  await bind(app, config.host, options.port ?? config.port);
  if (options.http) void connectSlack(deps, stopping.signal);
  const listeners = options.http ? connectListeners(deps, stopping.signal) : Promise.resolve();
  const port = portOf(app.server);
  return {
    url: `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`,
    async close(drained) {
      stopping.abort();
      const closed = app.close();
      await Promise.all([drained, listeners]);
      closing.abort();
      const cutOff = setTimeout(() => app.server.closeAllConnections(), cutOffMs);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

async function bind(app: FastifyInstance, host: string, port: number): Promise<void> {
  await app.listen({ host, port }).catch((cause: unknown) => {
    throw new AppError("conflict", `Port ${port} cannot be listened on: something else may use it. Set PORT to another one.`, { cause });
  });
}

/** Commands that also end when the server closes. */
const endingWith = (local: LocalDeps, closing: AbortSignal): LocalDeps => ({
  ...local,
  runCommand: (argv, cwd, sink, signal) => local.runCommand(argv, cwd, sink, AbortSignal.any([signal, closing])),
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new AppError("internal", "The server does not listen.");
  return address.port;
}
