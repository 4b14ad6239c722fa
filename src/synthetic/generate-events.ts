import { datasetIdOf, eventIdPrefix, type GeneratedWorkload, type GenerationSpec, teamIn } from "../core/generation.ts";
import type { Id } from "../core/ids.ts";
import { type UsageEvent, unsaid } from "../core/usage-event.ts";
import { createRandom } from "../stats/random.ts";
import { anomaliesFor } from "./anomalies.ts";
import { createAnswers } from "./answers.ts";
import { pickBy, unit } from "./draws.ts";
import { createAskers, createPrompts, labelOf } from "./prompts.ts";
import { slotsOf, timesOf } from "./timetable.ts";

type Requester = (id: string, orgId: Id<"org">, at: number) => UsageEvent;

/** Makes the requests of one workload. Its draws are its own: another workload changes none of them. */
function createRequester(spec: GenerationSpec, workload: GeneratedWorkload): Requester {
  const unusual = anomaliesFor(spec, workload.name);
  const [modelOf, models] = [pickBy(workload.models.map(({ weight }) => weight)), createRandom(`${spec.seed}/${workload.name}/models`)];
  const nextAsker = createAskers(spec, workload, labelOf(spec, workload));
  const promptFor = createPrompts(spec, workload);
  const answerTo = createAnswers(spec, workload, unusual);
  const team = teamIn(spec, workload.team);
  return (id, orgId, at) => {
    const index = modelOf(unit(models));
    const { provider = "", model = "" } = workload.models[index] ?? {};
    const { conversation, user } = nextAsker();
    const prompt = promptFor(index, conversation, unusual.sizeAt("tokens", at) !== 1);
    return {
      ...unsaid,
      id,
      orgId,
      source: "synthetic",
      at: new Date(at),
      provider,
      requestedModel: model,
      model,
      workload: workload.name,
      team,
      user,
      apiKey: `key-${1 + (Math.floor(unit(models) * spec.apiKeys) % spec.apiKeys)}`,
      conversation,
      ...answerTo(prompt, at),
      promptHash: prompt.hash,
      prefixHashes: [...prompt.prefixHashes],
      prefixBlockTokens: prompt.prefixHashes.length === 0 ? 0 : workload.prefix.blockTokens,
    };
  };
}

/**
 * Makes up the records of a specification for an org, one at a time and in order of time: the same specification gives the same records on
 * every call, however many are taken. An AppError where the anomalies leave no traffic.
 */
export function* generateEvents(spec: GenerationSpec, orgId: Id<"org">): Generator<UsageEvent, void, void> {
  const prefix = eventIdPrefix(datasetIdOf(spec));
  const requesters = spec.workloads.map((workload) => createRequester(spec, workload));
  const mix = createRandom(`${spec.seed}/mix`);
  let made = 0;
  for (const { at, slot } of timesOf(slotsOf(spec), spec.records, createRandom(`${spec.seed}/times`))) {
    const requester = requesters[slot.workload(unit(mix))];
    if (requester === undefined) return;
    yield requester(`${prefix}${made.toString(36)}`, orgId, at);
    made += 1;
  }
}
