import { createJobQueue } from "../jobs/queue.ts";
import { schedule } from "../jobs/schedule.ts";
import { createWorker, type Worker } from "../jobs/worker.ts";
import { type Engines, openEngines } from "./compose-engines.ts";
import { type Flows, wireFlows } from "./compose-flows.ts";
import type { GatewayAddress } from "./compose-models.ts";
import { partsOf } from "./compose-parts.ts";
import { type Listening, type ListenOptions, listen } from "./compose-server.ts";
import { type Config, ownOrg } from "./config.ts";
import { createAckGate } from "./core/ack-gate.ts";
import type { Author, Member } from "./core/conversation.ts";
import { AppError } from "./core/errors.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import type { Gateway } from "./gateway/proxy.ts";
import type { ProcessRole } from "./roles.ts";

/** An org as the command line speaks of it. `note` says why it was picked, where that may surprise. */
export interface Workspace {
  readonly id: Id<"org">;
  readonly name: string;
  readonly note?: string;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Everything wired together, in one process. */
export interface App extends Flows {
  readonly config: Config;
  readonly now: () => Date;
  readonly stores: Engines["stores"];
  readonly gateway: Gateway;
  /** The named org; without a name our own one, or the newest demo while our own one is empty. */
  chooseOrg(name: string | undefined): Promise<Workspace>;
  openOrg(name: string): Promise<Workspace>;
  /** Makes whoever can use this terminal an admin of the org. */
  admitLocalAdmin(org: Workspace, userName: string): Promise<Member>;
  /** What is on and what is off in a process of a role, and why. */
  parts(role: ProcessRole): readonly string[];
  /** Works off the queue from now on; calling it again does nothing. */
  startWorker(): Promise<void>;
  listen(options: ListenOptions): Promise<Listening>;
  /** Stops listening, lets running work end for a bounded time, stores what is metered, and closes the engines. */
  close(): Promise<void>;
}

/** Opens the engines and wires every part to its collaborators. Close it when done. */
export async function compose(options: ComposeOptions): Promise<App> {
  const engines = await openEngines(options.config, options.log, options.now);
  try {
    return await wire(options, engines);
  } catch (error) {
    await engines.close();
    throw error;
  }
}

async function wire({ config, log, now }: ComposeOptions, engines: Engines): Promise<App> {
  const jobs = await createJobQueue(engines.queue);
  const gatewayAddress: GatewayAddress = { url: undefined };
  const wired = await wireFlows({ config, log, now, engines, jobs, gatewayAddress });
  const { flows, gateway } = wired;
  const acks = createAckGate();
  const listening = new Set<Listening>();
  let worker: Promise<Worker> | undefined;
  const openOrg = orgOpener(engines);
  return {
    ...flows,
    config,
    now,
    stores: engines.stores,
    gateway,
    chooseOrg: (name) => chooseOrg(engines, openOrg, name),
    openOrg,
    admitLocalAdmin: (org, userName) => engines.stores.members.grant(org.id, localAuthor(org, userName), "admin"),
    parts: (role) => partsOf(config, role),
    async startWorker() {
      worker ??= createWorker(engines.queue, wired.handlers, log, { yieldTo: (signal) => acks.clear(signal) });
      await worker;
      await schedule(jobs);
    },
    async listen(request) {
      const { id } = await openOrg(ownOrg);
      const server = await listen({ ...wired, ...flows, config, log, now, jobs, acks, ownOrg: id }, request);
      listening.add(server);
      if (request.gateway) gatewayAddress.url = onThisMachine(server.url);
      return server;
    },
    async close() {
      await end(listening, Promise.all([worker?.then((running) => running.close()), gateway.close()]));
      await jobs.close();
      await engines.close();
    },
  };
}

/** An address that stands for all of a machine's own, as one that can be called from it. */
const onThisMachine = (url: string): string => url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");

/** Closes the servers while what works for their requests ends. */
async function end(listening: Iterable<Listening>, drained: Promise<unknown>): Promise<void> {
  await Promise.all([...listening].map((server) => server.close(drained)));
  await drained;
}

const localAuthor = (org: Workspace, userName: string): Author => ({
  platform: "console",
  workspace: org.name,
  userId: userName,
  name: userName,
});

/** Opens an org by name, with its terminal connected. */
const orgOpener =
  ({ stores }: Engines) =>
  async (name: string): Promise<Workspace> => {
    const id = await stores.ensureOrg(name);
    await stores.members.install(id, "console", name);
    return { id, name };
  };

async function chooseOrg(
  { stores, usage }: Engines,
  open: (name: string) => Promise<Workspace>,
  name: string | undefined,
): Promise<Workspace> {
  if (name !== undefined) {
    const org = (await stores.orgs()).find((candidate) => candidate.name === name);
    if (org === undefined) throw new AppError("not_found", `There is no workspace "${name}". Leave --org out to use your own.`);
    return org;
  }
  const own = await open(ownOrg);
  if ((await usage.coverage(own.id)).requests > 0) return own;
  const demo = (await stores.orgs()).findLast((org) => org.name.startsWith("demo-"));
  if (demo === undefined) return own;
  return {
    ...demo,
    note: `Your own workspace holds no usage yet: this is the demo workspace ${demo.name}. Import your usage with \`apex import\`.`,
  };
}
