import { z } from "zod";
import type { TrafficNeeds } from "../../core/capability.ts";
import type { UsageReader } from "../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, outputTokensSql, timeText } from "./columns.ts";

const countIf = (condition: string, name: string): string => `countIf(${condition}) AS ${name}`;

/** What the query gives. */
const Needs = z
  .object({
    seen: Count,
    max_input: Count,
    max_output: Count,
    max_total: Count,
    reasoned: Count,
    with_images: Count,
    with_audio: Count,
    called_tools: Count,
    end_known: Count,
    asked_json: Count,
  })
  .transform((row) => ({
    requests: row.seen,
    maxInput: row.max_input,
    maxOutput: row.max_output,
    maxTotal: row.max_total,
    reasoned: row.reasoned,
    withImages: row.with_images,
    withAudio: row.with_audio,
    calledTools: row.called_tools,
    endKnown: row.end_known,
    askedJson: row.asked_json,
  }));

/** What the requests of a workload that ask for a model used, so that another model can be checked against it. */
export function trafficNeeds(database: string, query: Parameters<UsageReader["trafficNeeds"]>[0]): Asked<TrafficNeeds> {
  const sql = `SELECT count() AS seen,
  max(toUInt64(${inputTokensSql})) AS max_input, max(toUInt64(${outputTokensSql})) AS max_output,
  max(toUInt64(${inputTokensSql} + ${outputTokensSql})) AS max_total,
  ${[
    countIf("reasoning_tokens > 0", "reasoned"),
    countIf("image_input_tokens + image_cache_read_tokens > 0", "with_images"),
    countIf("audio_input_tokens + audio_cache_read_tokens > 0", "with_audio"),
    countIf("finish = 'tool'", "called_tools"),
    countIf("finish != ''", "end_known"),
    countIf("isNotNull(format_ok)", "asked_json"),
  ].join(", ")}
FROM ${database}.usage_facts FINAL
WHERE org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
  AND workload = {workload:String} AND if(requested_model = '', model, requested_model) = {model:String}
  AND requests = 1 AND isNull(band_tokens) AND part = 'answer'`;
  const params = {
    org: query.orgId,
    from: timeText(query.period.from),
    to: timeText(query.period.to),
    workload: query.workload,
    model: query.model,
  };
  return {
    query: { sql, params },
    row: Needs,
  };
}
