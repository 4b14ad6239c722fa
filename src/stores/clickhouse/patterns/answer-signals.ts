import { z } from "zod";
import type { AnswerSignals, UsagePatterns } from "../../../core/usage-patterns.ts";
import { type Asked, Count, inputTokensSql, Money, outputTokensSql, scopeConditions } from "../columns.ts";
import { eventKeyNames, eventKeyOf, eventKeySelect } from "./event-keys.ts";

/** How soon a prompt that comes again from the same one counts as asked again, in milliseconds. */
const againMs = 10 * 60_000;

const Row = z.looseObject({
  input_from: Count,
  answers: Count,
  failed: Count,
  ended: Count,
  cut_short: Count,
  filtered: Count,
  tool_calls: Count,
  formats: Count,
  bad_format: Count,
  traced: Count,
  again: Count,
  timed: Count,
  ranks: z.array(z.number().nullable()),
  sum_input: Count,
  sum_output: Count,
  sum_reasoning: Count,
  priced: Count,
  sum_cost: Money,
});

const signals = `count() AS answers, countIf(status IN ('error', 'timeout')) AS failed,
  countIf(status = 'ok' AND finish != '') AS ended, countIf(status = 'ok' AND finish = 'length') AS cut_short,
  countIf(status = 'ok' AND finish = 'filter') AS filtered, countIf(status = 'ok' AND finish = 'tool') AS tool_calls,
  countIf(isNotNull(format_ok)) AS formats, countIf(isNotNull(format_ok) AND NOT assumeNotNull(format_ok)) AS bad_format,
  countIf(is_traced) AS traced, countIf(is_traced AND at_ms - before_ms < ${againMs}) AS again,
  countIf(isNotNull(latency_ms)) AS timed, quantilesExact(0.499999999999, 0.949999999999)(latency_ms) AS ranks,
  sum(input) AS sum_input, sum(output) AS sum_output, sum(reasoning_tokens) AS sum_reasoning,
  countIf(isNotNull(cost)) AS priced, sum(ifNull(cost, toDecimal128(0, 12))) AS sum_cost`;

const signalsOf = (row: z.output<typeof Row>): Omit<AnswerSignals, "key"> => ({
  inputFrom: row.input_from,
  requests: row.answers,
  failed: row.failed,
  ended: row.ended,
  cutShort: row.cut_short,
  filtered: row.filtered,
  toolCalls: row.tool_calls,
  formats: row.formats,
  badFormat: row.bad_format,
  traced: row.traced,
  askedAgain: row.again,
  timed: row.timed,
  p50: row.timed === 0 ? 0 : (row.ranks[0] ?? 0),
  p95: row.timed === 0 ? 0 : (row.ranks[1] ?? 0),
  inputTokens: row.sum_input,
  outputTokens: row.sum_output,
  reasoningTokens: row.sum_reasoning,
  priced: row.priced,
  cost: row.sum_cost,
});

/**
 * What single answers came to, by group and, where asked, by the power of four below the input tokens. Asked again: the same
 * prompt from the same conversation (or user, where no conversation is named) and workload, whichever model answered before.
 */
export function answerSignals(database: string, query: Parameters<UsagePatterns["answerSignals"]>[0]): Asked<AnswerSignals> {
  const { where, params } = scopeConditions(query);
  const size = query.sizes ? "if(input = 0, 0, toUInt64(exp2(2 * floor(log2(input) / 2))))" : "toUInt64(0)";
  const groups = [...eventKeyNames(query.by), "input_from"];
  const sql = `SELECT ${[...eventKeySelect(query.by), `${size} AS input_from`].join(", ")}, ${signals}
FROM (
  SELECT *, toUnixTimestamp64Milli(at) AS at_ms, ${inputTokensSql} AS input, ${outputTokensSql} AS output,
    prompt_hash != '' AND (conversation != '' OR user != '') AS is_traced,
    lagInFrame(toUnixTimestamp64Milli(at), 1, -${againMs + 1}) OVER (
      PARTITION BY workload, conversation, if(conversation = '', user, ''), prompt_hash ORDER BY at, id
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before_ms
  FROM ${database}.usage_facts FINAL
  WHERE ${where} AND requests = 1 AND isNull(band_tokens) AND part = 'answer'
)
GROUP BY ${groups.join(", ")}
ORDER BY ${["sum_cost DESC", ...groups].join(", ")}`;
  return {
    query: { sql, params },
    row: Row.transform((row) => ({ key: eventKeyOf(row, query.by), ...signalsOf(row) })),
  };
}
