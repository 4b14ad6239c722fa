import { setTimeout as sleep } from "node:timers/promises";
import type { KeptSetting, PlaceSnapshot, PlaceValue, SnapshotStore } from "../core/actuator-snapshot.ts";
import { canonicalJson } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";

/** A place seen as settings by name, each of which can be read and written. */
export interface SettingsPlace {
  /** Names the place in sentences: "LiteLLM". */
  readonly title: string;
  /** How long all of the place needs to take up what was written, in milliseconds, before what builds on it is written. */
  readonly settleMs: number;
  /** What stands at each key; null: nothing. */
  read(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlaceValue>>;
  /** Puts `to` where `from` stood; an AppError "conflict", writing nothing, where something else stands there by now. */
  write(key: string, from: PlaceValue, to: PlaceValue, signal: AbortSignal): Promise<void>;
  /** In which order settings are written, lowest first: what others need comes before them and goes after them. */
  rank(key: string, to: PlaceValue): number;
  /** A setting in words, for sentences. */
  describe(key: string): string;
}

export interface KeptDeps {
  readonly name: string;
  readonly place: SettingsPlace;
  readonly snapshots: SnapshotStore;
}

/** What a policy version asks for at the place, by key. */
export type Desired = ReadonlyMap<string, PlaceValue>;

/** How long taking back a broken-off change may take, in milliseconds. */
const undoMs = 15_000;

/** The empty snapshot: nothing of ours stands there. */
const untouched: PlaceSnapshot = { version: 0, previousVersion: 0, settings: [] };

const same = (one: PlaceValue, other: PlaceValue): boolean => canonicalJson(one) === canonicalJson(other);
const at = (values: ReadonlyMap<string, PlaceValue>, key: string): PlaceValue => values.get(key) ?? null;

/** One setting on its way from what stands to what is wanted. */
interface Step {
  readonly key: string;
  readonly from: PlaceValue;
  readonly to: PlaceValue;
  readonly kept: KeptSetting;
}

/** Refuses to write over what somebody else has changed since we did. */
function refuseForeign({ place }: KeptDeps, kept: KeptSetting, stands: PlaceValue, to: PlaceValue): void {
  const ours = [kept.written, kept.previous, kept.before, to];
  if (ours.some((value) => same(value, stands))) return;
  throw new AppError(
    "conflict",
    `Somebody changed ${place.describe(kept.key)} at ${place.title} since Apex did, and it was not overwritten. ` +
      "Put back what Apex had set, or what stood before, then try again.",
  );
}

function stepsOf(deps: KeptDeps, snapshot: PlaceSnapshot, desired: Desired, stands: ReadonlyMap<string, PlaceValue>): readonly Step[] {
  const known = new Map(snapshot.settings.map((kept) => [kept.key, kept]));
  const keys = [...new Set([...known.keys(), ...desired.keys()])];
  const steps = keys.map((key): Step => {
    const from = at(stands, key);
    const before = known.get(key);
    const to = desired.get(key) ?? before?.before ?? null;
    if (before !== undefined) refuseForeign(deps, before, from, to);
    return { key, from, to, kept: { key, before: before === undefined ? from : before.before, previous: from, written: to } };
  });
  return steps.toSorted((a, b) => deps.place.rank(a.key, a.to) - deps.place.rank(b.key, b.to));
}

const keysOf = (snapshot: PlaceSnapshot, desired: Desired): readonly string[] => [
  ...new Set([...snapshot.settings.map(({ key }) => key), ...desired.keys()]),
];

/** Puts everything back that a broken-off change has written, the last first; says what could not be. */
async function undo({ place }: KeptDeps, steps: readonly Step[], signal: AbortSignal): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { key, from, to } of steps.toReversed()) {
    try {
      const now = at(await place.read([key], signal), key);
      if (same(now, from)) continue;
      if (!same(now, to)) throw new AppError("conflict", "Somebody else changed it meanwhile.");
      await place.write(key, now, from, signal);
    } catch {
      left.push(place.describe(key));
    }
  }
  return left;
}

async function writeAll(deps: KeptDeps, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  const { place } = deps;
  const tried: Step[] = [];
  for (const step of steps.filter(({ from, to }) => !same(from, to))) {
    const last = tried.at(-1);
    tried.push(step);
    try {
      if (last !== undefined && place.rank(last.key, last.to) < place.rank(step.key, step.to))
        await sleep(place.settleMs, undefined, { signal });
      await place.write(step.key, step.from, step.to, signal);
    } catch (error) {
      const left = await undo(deps, tried, AbortSignal.timeout(undoMs));
      if (left.length === 0) throw error;
      throw new HalfDone(error, left);
    }
  }
}

/** A change that broke off and could not be undone whole: the snapshot of it must stay. */
class HalfDone extends AppError {
  constructor(cause: unknown, left: readonly string[]) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(
      cause instanceof AppError ? cause.code : "internal",
      `${said} Not undone: ${left.join(", ")}. Try again, or roll back, when the place is well.`,
      { cause },
    );
  }
}

/**
 * Makes a place be as a policy version wants it, or as it stood before us where nothing is wanted. What is about to be written
 * is stored first, with what stands, so that a crash in between can be taken back; a write that fails takes back the others.
 * Doing it twice is doing it once. What somebody else changed meanwhile is not overwritten: an AppError "conflict".
 */
export async function carryOut(
  deps: KeptDeps,
  orgId: Id<"org">,
  version: number,
  desiredOf: (signal: AbortSignal, snapshot: PlaceSnapshot) => Promise<Desired>,
): Promise<void> {
  const { name, place, snapshots } = deps;
  await snapshots.exclusively(orgId, name, async (signal) => {
    const snapshot = (await snapshots.load(orgId, name)) ?? untouched;
    const desired = await desiredOf(signal, snapshot);
    const stands = await place.read(keysOf(snapshot, desired), signal);
    const steps = stepsOf(deps, snapshot, desired, stands);
    const next = { version, previousVersion: snapshot.version, settings: steps.map(({ kept }) => kept) };
    await snapshots.save(orgId, name, next);
    try {
      await writeAll(deps, steps, signal);
    } catch (error) {
      if (!(error instanceof HalfDone)) await snapshots.save(orgId, name, snapshot);
      throw error;
    }
    const ours = next.settings.filter(({ key, before, written }) => desired.has(key) || !same(before, written));
    await snapshots.save(orgId, name, { ...next, settings: ours });
  });
}

/** The policy version that a place shows: what was written, what stood before it, or an AppError "conflict" where it is neither. */
export async function shownVersion({ name, place, snapshots }: KeptDeps, orgId: Id<"org">, signal: AbortSignal): Promise<number> {
  const { version, previousVersion, settings } = (await snapshots.load(orgId, name)) ?? untouched;
  const stands = await place.read(
    settings.map(({ key }) => key),
    signal,
  );
  const other = settings.filter(({ key, written }) => !same(written, at(stands, key)));
  if (other.length === 0) return version;
  const foreign = other.find(({ key, previous }) => !same(previous, at(stands, key)));
  if (foreign === undefined) return previousVersion;
  throw new AppError(
    "conflict",
    `Somebody changed ${place.describe(foreign.key)} at ${place.title} since Apex did: it is not as approved.`,
  );
}
