import type { FastifyInstance, FastifyReply } from "fastify";
import type { AckGate } from "../../core/ack-gate.ts";
import { type Author, Platform, type ThreadKey } from "../../core/conversation.ts";
import type { AnyPlatformAdapter, Heard, Reception } from "../../core/delivery.ts";
import { AppError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { hearEvent } from "../../flows/hear-event.ts";
import { type OpenFormDeps, openForm } from "../../flows/open-form.ts";
import type { ReceiveDeps } from "../../flows/receive-event.ts";
import { keepRawBody, rawRequest } from "../plugins/raw-body.ts";
import { createReplayGuard } from "../plugins/replay-guard.ts";

export interface ChatDeps {
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly receive: ReceiveDeps & OpenFormDeps;
  /** Told of every delivery that waits to be acknowledged. */
  readonly acks?: Pick<AckGate, "begin">;
  readonly now: () => Date;
  readonly log: Logger;
}

type Event = Extract<Reception, { type: "event" }>;
type FormWish = Extract<Reception, { type: "form" }>;

/** Tells someone why they were refused, without making the platform wait for it. */
function explain(
  deps: ChatDeps,
  adapter: AnyPlatformAdapter,
  { thread, author }: { readonly thread: ThreadKey; readonly author: Author },
  why: string,
): void {
  adapter.tell(thread, author, why).catch((error: unknown) => deps.log.warn("The sender could not be told why.", { error: String(error) }));
}

/** What the platform is answered with: the reply, or the refusal where it can show one; a sender it cannot show one is told. */
function answerOf(deps: ChatDeps, adapter: AnyPlatformAdapter, reception: Event, heard: Heard): string | undefined {
  if (heard.type === "taken") return reception.reply;
  if (reception.refusal !== undefined) return reception.refusal(heard.why);
  explain(deps, adapter, reception.event, heard.why);
  return undefined;
}

/** Opens a form for whoever wants to fill it in; gives what the platform is answered with. */
async function formAnswer(deps: ChatDeps, adapter: AnyPlatformAdapter, { request, open, refusal }: FormWish): Promise<string | undefined> {
  const answer = await openForm(deps.receive, request);
  if (answer.type === "form") return open(answer.form);
  if (refusal !== undefined) return refusal(answer.why);
  explain(deps, adapter, request, answer.why);
  return undefined;
}

/** Does what is left to do once the platform has our reply. */
function afterReply(deps: ChatDeps, reply: FastifyReply, afterwards: () => Promise<void>): void {
  reply.raw.once("finish", () => {
    afterwards().catch((error: unknown) => deps.log.warn("What follows a reply failed.", { error: String(error) }));
  });
}

const answered = (reply: FastifyReply, json: string | undefined): FastifyReply =>
  json === undefined ? reply.status(200).send() : reply.type("application/json").send(json);

/** Where a platform posts to, and what to set so that it is connected. */
interface ChatDoor {
  readonly path: string;
  readonly off: string;
}

/** The platforms that post to us. */
const doors: Readonly<Partial<Record<Platform, ChatDoor>>> = {
  slack: { path: "/slack/events", off: "Slack is not connected here: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET." },
  teams: { path: "/teams/messages", off: "Teams is not connected here: set TEAMS_APP_ID and TEAMS_APP_PASSWORD; see docs/teams.md." },
  discord: { path: "/discord/interactions", off: "Discord is not connected here: set DISCORD_BOT_TOKEN; see docs/discord.md." },
};

/** The events, commands and presses of every platform that posts to us. */
export function chatRoutes(app: FastifyInstance, deps: ChatDeps): void {
  for (const platform of Platform.options) {
    const door = doors[platform];
    if (door !== undefined) chatRoute(app, deps, platform, door);
  }
}

/** One platform's events: verified, stored and queued, then acknowledged; the work comes after. */
function chatRoute(app: FastifyInstance, deps: ChatDeps, platform: Platform, { path, off }: ChatDoor): void {
  app.register(async (scope) => {
    keepRawBody(scope);
    const guard = createReplayGuard();
    scope.addHook("onRequest", async (_request, reply) => {
      const acknowledged = deps.acks?.begin();
      if (acknowledged !== undefined) reply.raw.once("finish", acknowledged).once("close", acknowledged);
    });
    scope.post(path, async (request, reply) => {
      const adapter = deps.adapterFor(platform);
      if (adapter === undefined) throw new AppError("not_found", off);
      const reception = await adapter.receive(rawRequest(request), deps.now());
      if (reception.type === "ignored") return reply.status(200).send();
      if (reception.type === "reply") return reply.type("application/json").send(reception.body);
      if (reception.type === "form") return answered(reply, await formAnswer(deps, adapter, reception));
      guard.refuseKnown(reception.proof);
      const heard = await hearEvent(deps.receive, reception.event);
      if (heard.type === "taken") guard.remember(reception.proof, deps.now());
      const { afterwards } = reception;
      if (afterwards !== undefined) afterReply(deps, reply, () => afterwards(heard));
      return answered(reply, answerOf(deps, adapter, reception, heard));
    });
  });
}
