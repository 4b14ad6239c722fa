import type { Approval } from "../core/approval.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { PolicyStore, RoutingPolicy } from "../core/policy.ts";
import { sameRules, versionWith, withoutChange } from "./policy-rules.ts";

export interface TakeOutDeps {
  readonly policies: Pick<PolicyStore, "version" | "latestVersion" | "publish" | "movePointer" | "madeBy">;
  readonly now: () => Date;
}

/** Publishes a version; false where someone else was faster. */
export async function publishOnce(
  policies: Pick<PolicyStore, "publish">,
  policy: RoutingPolicy,
  expectedActive: number,
  by: { readonly approvalId: Id<"approval">; readonly nth: number },
): Promise<boolean> {
  try {
    return await policies.publish(policy, expectedActive, by.approvalId, by.nth);
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return false;
    throw error;
  }
}

/** The version that stood before an approval's first one. */
export const baseOf = async (deps: Pick<TakeOutDeps, "policies">, { id, basePolicyVersion }: Approval): Promise<number> =>
  (await deps.policies.madeBy(id))[0]?.base ?? basePolicyVersion;

/**
 * Takes the rule of a change out of the active version: the pointer goes back to the version that stood before its first one
 * where nothing else has moved since, else a new version keeps what others have done. False where someone else was faster.
 */
export async function takeOut(deps: TakeOutDeps, approval: Approval, active: RoutingPolicy): Promise<boolean> {
  const { orgId, id } = approval;
  const base = await baseOf(deps, approval);
  const before = base === 0 ? undefined : await deps.policies.version(orgId, base);
  const rules = withoutChange(active, before, id);
  if (sameRules(rules, before?.rules ?? [])) return deps.policies.movePointer(orgId, base, active.version);
  const next = versionWith(orgId, rules, (await deps.policies.latestVersion(orgId)) + 1, deps.now());
  const nth = (await deps.policies.madeBy(id)).length;
  return publishOnce(deps.policies, next, active.version, { approvalId: id, nth });
}
