import { sha256 } from "../core/canonical.ts";
import type { GeneratedWorkload, GenerationSpec } from "../core/generation.ts";
import { type Law, lawOf } from "../stats/distributions.ts";
import { scoreAt } from "../stats/quick-normal.ts";
import { createRandom } from "../stats/random.ts";
import { pickFew, unit } from "./draws.ts";

/** A prompt as usage shows it. */
export interface Prompt {
  readonly hash: string;
  readonly prefixHashes: readonly string[];
  /** The normal score of its length: what the answer's length is correlated with. */
  readonly score: number;
  readonly tokens: number;
}

/** Who asks, in which conversation. */
interface Asker {
  readonly conversation: string;
  readonly user: string;
}

/** Conversations that go on at once, and prompts that may be sent again. */
const openAtOnce = 64;
const remembered = 64;
const mostBlocks = 12;

/** Draws the askers of a workload: each conversation has `turns` requests in the mean, and one user. */
export function createAskers(spec: GenerationSpec, workload: GeneratedWorkload, label: string): () => Asker {
  const random = createRandom(`${spec.seed}/${workload.name}/askers`);
  const userOf = pickFew(spec.users);
  const open: Asker[] = [];
  let begun = 0;
  return () => {
    const going = open[Math.floor(unit(random) * open.length)];
    if (unit(random) >= 1 / workload.turns && going !== undefined) return going;
    begun += 1;
    const fresh = { conversation: `${label}-c${begun.toString(36)}`, user: `user-${userOf(unit(random)) + 1}` };
    if (open.length < openAtOnce) open.push(fresh);
    else open[Math.floor(unit(random) * openAtOnce)] = fresh;
    return fresh;
  };
}

/** The hashes of a prompt's leading blocks: those that the workload's prompts share, then the conversation's own. */
function prefixOf({ prefix }: GeneratedWorkload, label: string, conversation: string, tokens: number): readonly string[] {
  if (prefix.sharedBlocks === 0) return [];
  const blocks = Math.min(mostBlocks, Math.floor(tokens / prefix.blockTokens));
  return Array.from({ length: blocks }, (_, n) => (n < prefix.sharedBlocks ? `${label}-s${n}` : `${conversation}-${n}`));
}

/** What tells the names of one dataset's prompts and conversations from another's. */
export const labelOf = (spec: GenerationSpec, workload: GeneratedWorkload): string =>
  sha256(`${spec.name}/${spec.seed}/${workload.name}`).slice(0, 10);

/** Draws the prompts of a workload for a model. `fresh`: not one that was sent before. */
export function createPrompts(
  spec: GenerationSpec,
  workload: GeneratedWorkload,
): (model: number, conversation: string, fresh: boolean) => Prompt {
  const random = createRandom(`${spec.seed}/${workload.name}/prompts`);
  const law: Law = lawOf(workload.inputTokens);
  const label = labelOf(spec, workload);
  const sent = workload.models.map((): Prompt[] => []);
  let written = 0;
  return (model, conversation, fresh) => {
    const [again, which, length] = [unit(random), unit(random), unit(random)];
    const before = sent[model] ?? [];
    const repeated = before[Math.floor(which * before.length)];
    if (!fresh && again < workload.duplicateRate && repeated !== undefined) return repeated;
    written += 1;
    const tokens = Math.round(law.at(length));
    const prefixHashes = prefixOf(workload, label, conversation, tokens);
    const prompt = { hash: `${label}-p${written.toString(36)}`, prefixHashes, score: scoreAt(length), tokens };
    if (!fresh && before.length < remembered) before.push(prompt);
    else if (!fresh) before[Math.floor(which * remembered)] = prompt;
    return prompt;
  };
}
