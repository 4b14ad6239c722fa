import { assertNever } from "../core/errors.ts";
import type { GeneratedWorkload, GenerationSpec } from "../core/generation.ts";
import { noTokens, type Tokens } from "../core/tokens.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { lawOf } from "../stats/distributions.ts";
import { scoreAt, shareBelow } from "../stats/quick-normal.ts";
import { createRandom, type Random } from "../stats/random.ts";
import { type Anomalies } from "./anomalies.ts";
import { pickBy, unit } from "./draws.ts";
import type { Prompt } from "./prompts.ts";

/** How a request ended and what it used. */
export type Answer = Pick<UsageEvent, "status" | "tokens" | "latencyMs" | "firstByteMs">;

/** When a client gives up. */
const timeoutMs = 60_000;

const statuses = ["error", "timeout", "aborted"] as const;

/** A normal score that has the correlation with another. */
const linked = (score: number, correlation: number, random: Random): number =>
  correlation * score + Math.sqrt(1 - correlation * correlation) * scoreAt(unit(random));

/** Tokens in disjoint buckets. */
function tokensOf({ cache, reasoningShare }: GeneratedWorkload, input: number, output: number, hit: boolean): Tokens {
  const cached = hit ? Math.round(input * cache.hitShare) : 0;
  const reasoning = Math.round(output * reasoningShare);
  return { ...noTokens, input: input - cached, cache_read: cached, output: output - reasoning, reasoning };
}

/**
 * Draws how the requests of a workload end. Answers have the lengths and times of the workload's distributions; a request that failed or
 * ran out of time used nothing, and one that the client gave up used its input and a part of its output.
 */
export function createAnswers(
  spec: GenerationSpec,
  workload: GeneratedWorkload,
  unusual: Anomalies,
): (prompt: Prompt, at: number) => Answer {
  const stream = (name: string): Random => createRandom(`${spec.seed}/${workload.name}/${name}`);
  const [lengths, times, caches, ends] = [stream("lengths"), stream("times"), stream("caches"), stream("ends")];
  const [outputLaw, timeLaw] = [lawOf(workload.outputTokens), lawOf(workload.latencyMs)];
  const kindOf = pickBy([spec.errors.error, spec.errors.timeout, spec.errors.aborted]);
  const { inputOutput, outputLatency } = workload.correlations;
  return (prompt, at) => {
    const outputScore = linked(prompt.score, inputOutput, lengths);
    const size = unusual.sizeAt("tokens", at);
    const [input, output] = [prompt.tokens, outputLaw.at(shareBelow(outputScore))].map((count) => Math.max(1, Math.round(count * size)));
    const latency = timeLaw.at(shareBelow(linked(outputScore, outputLatency, times))) * unusual.sizeAt("latency", at);
    const [begun, part] = [unit(times), unit(ends)];
    const hit = unit(caches) < workload.cache.hitRate;
    const failed = unit(ends) < (unusual.errorRateAt(at) ?? spec.errors.rate) ? statuses[kindOf(unit(ends))] : undefined;
    const latencyMs = Math.max(1, Math.round(latency));
    const firstByteMs = Math.max(1, Math.round(latency * (0.1 + 0.3 * begun)));
    switch (failed) {
      case undefined:
        return { status: "ok", tokens: tokensOf(workload, input ?? 1, output ?? 1, hit), latencyMs, firstByteMs };
      case "aborted":
        return {
          status: failed,
          tokens: tokensOf(workload, input ?? 1, Math.round((output ?? 1) * part), hit),
          latencyMs: Math.max(firstByteMs, Math.round(latency * part)),
          firstByteMs,
        };
      case "timeout":
        return { status: failed, tokens: noTokens, latencyMs: timeoutMs, firstByteMs: null };
      case "error":
        return { status: failed, tokens: noTokens, latencyMs: Math.max(1, Math.round(latency / 10)), firstByteMs: null };
      default:
        return assertNever(failed);
    }
  };
}
