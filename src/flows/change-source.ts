import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { checkSettings, contextOf, type SyncDeps } from "./sync-source.ts";

export interface ChangeRequest {
  readonly orgId: Id<"org">;
  readonly id: Id<"source">;
  /** The settings that change; all others stay. */
  readonly given: Readonly<Record<string, string>>;
  readonly actor: string;
}

/**
 * Gives a connection new settings, such as a key that was rotated, once they have been tried: nothing changes where the test
 * call fails. It stays the same connection, so that what it reads again takes the place of what it read before.
 */
export async function changeSource(
  deps: SyncDeps,
  { orgId, id, given, actor }: ChangeRequest,
  signal: AbortSignal,
): Promise<{ readonly account: string; readonly notes: readonly string[] }> {
  const { source, context } = await contextOf(deps, orgId, id);
  if (Object.keys(given).length === 0) throw new AppError("bad_input", "Say what changes: name=value, or name=@FILE.");
  const changed = checkSettings(source, { ...context.settings, ...given });
  const check = await source.test({ ...context, settings: { ...changed.settings, ...changed.secrets } }, signal);
  await deps.sources.change(orgId, id, changed);
  const facts = { source: id, settings: Object.keys(given).sort().join(" "), account: check.account };
  await deps.audit.append(orgId, { actor, action: "source.changed", facts });
  return check;
}
