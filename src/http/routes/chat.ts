import type { FastifyInstance } from "fastify";
import { type InboundEvent, Platform } from "../../core/conversation.ts";
import type { AnyPlatformAdapter } from "../../core/delivery.ts";
import { AppError, type ErrorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { type ReceiveDeps, receiveEvent } from "../../flows/receive-event.ts";
import { keepRawBody, rawRequest } from "../plugins/raw-body.ts";
import { createReplayGuard } from "../plugins/replay-guard.ts";

export interface ChatDeps {
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly receive: ReceiveDeps;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Refusals that a repeat cannot change. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["forbidden", "bad_input", "not_found"]);

/** Tells the sender why a genuine event was refused, without making the platform wait for it. */
function explain(deps: ChatDeps, adapter: AnyPlatformAdapter, event: InboundEvent, why: AppError): void {
  deps.log.warn("A genuine event was refused.", { platform: event.thread.platform, workspace: event.thread.workspace, code: why.code });
  adapter
    .tell(event.thread, event.author, why.message)
    .catch((error: unknown) => deps.log.warn("The sender could not be told why.", { error: String(error) }));
}

/** Where a platform posts to, and what to set so that it is connected. */
interface ChatDoor {
  readonly path: string;
  readonly off: string;
}

/** The platforms that post to us. */
const doors: Readonly<Partial<Record<Platform, ChatDoor>>> = {
  slack: { path: "/slack/events", off: "Slack is not connected here: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET." },
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
    scope.post(path, async (request, reply) => {
      const adapter = deps.adapterFor(platform);
      if (adapter === undefined) throw new AppError("not_found", off);
      const reception = await adapter.receive(rawRequest(request), deps.now());
      if (reception.type === "ignored") return reply.status(200).send();
      if (reception.type === "reply") return reply.type("application/json").send(reception.body);
      guard.refuseKnown(reception.proof);
      try {
        await receiveEvent(deps.receive, reception.event);
        guard.remember(reception.proof, deps.now());
      } catch (error) {
        // A repeat would be refused again: the sender is told instead, and the platform is told that it was heard.
        if (!(error instanceof AppError) || !refusals.has(error.code)) throw error;
        explain(deps, adapter, reception.event, error);
        return reply.status(200).send();
      }
      return reception.reply === undefined ? reply.status(200).send() : reply.type("application/json").send(reception.reply);
    });
  });
}
