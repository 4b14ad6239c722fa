import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** The span that the lines are spread over. */
export const linesPeriod = { from: new Date("2026-08-24T00:00:00Z"), to: new Date("2026-11-22T00:00:00Z") };

const models = ["gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "o3"] as const;

/** The n-th of so many requests: 500 users of 40 workloads in 8 teams, six models, a prompt hash on every tenth. */
function line(index: number, count: number): string {
  const span = linesPeriod.to.getTime() - linesPeriod.from.getTime();
  const user = (index * 31) % 500;
  return JSON.stringify({
    id: `req_${index.toString(36)}_${((index * 2_654_435_761) >>> 0).toString(36)}`,
    timestamp: new Date(linesPeriod.from.getTime() + Math.floor((index * span) / count)).toISOString(),
    provider: "openai",
    model: models[user % models.length],
    feature: `feature-${user % 40}`,
    team: `team-${user % 8}`,
    user: `user-${user}`,
    api_key: `key-${user % 40}`,
    input_tokens: 800 + (index % 4_000),
    cached_tokens: index % 700,
    output_tokens: 50 + (index % 900),
    reasoning_tokens: index % 40,
    status: "ok",
    latency_ms: 200 + ((index * 37) % 5_000),
    ...(index % 10 === 0 ? { prompt_hash: `p${index % 50_000}` } : {}),
  });
}

/** A step that visits every index once: it has no factor in common with the count. */
function shuffleStep(count: number): number {
  const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));
  let step = Math.floor(count * 0.618);
  while (common(step, count) !== 1) step += 1;
  return step;
}

/** Writes so many requests as JSON Lines, in order of time or shuffled; the same count gives the same requests each time. */
export async function writeUsageLines(path: string, count: number, order: "time" | "shuffled"): Promise<void> {
  const out = createWriteStream(path);
  const step = order === "time" ? 1 : shuffleStep(count);
  let [text, index] = ["", 0];
  for (let written = 0; written < count; written += 1) {
    text += `${line(index, count)}\n`;
    index = (index + step) % count;
    if (text.length < 1_000_000) continue;
    if (!out.write(text)) await once(out, "drain");
    text = "";
  }
  out.end(text);
  await once(out, "finish");
}
