import type { Engines } from "./compose-engines.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { advanceRollout } from "./flows/advance-rollout.ts";
import type { EffectDeps } from "./flows/take-effect.ts";
import { watchRollouts } from "./flows/watch-rollouts.ts";

/** What policies that are live are looked after with. */
export interface PolicyParts {
  readonly engines: Pick<Engines, "stores" | "usage">;
  readonly effect: EffectDeps;
  readonly jobs: JobQueue;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The jobs that move changes on and take them back. */
export function wireRollouts({
  engines: { stores, usage },
  effect,
  jobs,
  log,
  now,
}: PolicyParts): Pick<JobHandlers, "watch-rollouts" | "advance-rollout"> {
  return {
    async "watch-rollouts"() {
      for (const { id } of await stores.orgs()) {
        // What fails in one org is looked at again in a minute, and holds up no other.
        await watchRollouts({ ...stores, jobs }, id).catch((error: unknown) =>
          log.warn("Rollouts could not be looked at.", { org: id, error: String(error) }),
        );
      }
    },
    async "advance-rollout"({ orgId, approvalId }) {
      const outcome = await advanceRollout({ ...effect, ...stores, jobs, now, usage, log }, { orgId, approvalId });
      if (outcome !== "waiting") log.info("A rollout was looked at.", { approval: approvalId, outcome });
    },
  };
}
