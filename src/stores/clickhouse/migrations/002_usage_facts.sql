-- One row per fact, as in usage_events, which this table takes the place of. The row with the greatest seniority stays:
--   a fact: 18446744073709551615 − nanoseconds since 1970, so that the first write stays and a stamped cost is never restamped;
--   a bucket that a source reads again: 16700000000000000000 + 1000 × milliseconds of the reading, so that the last reading stays;
--   a re-pricing adds to these as repricing.ts says.
-- A row that is no longer in a source's bucket is withdrawn: FINAL leaves it out.
CREATE TABLE IF NOT EXISTS {database}.usage_facts (
  org_id LowCardinality(String),
  at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
  source LowCardinality(String),
  id String,
  provider LowCardinality(String),
  requested_model LowCardinality(String),
  model LowCardinality(String),
  tier LowCardinality(String),
  region LowCardinality(String),
  requests UInt64,
  input_tokens UInt64,
  cache_read_tokens UInt64,
  cache_write_5m_tokens UInt64,
  cache_write_1h_tokens UInt64,
  output_tokens UInt64,
  reasoning_tokens UInt64,
  audio_input_tokens UInt64,
  audio_output_tokens UInt64,
  image_input_tokens UInt64,
  image_output_tokens UInt64,
  video_input_tokens UInt64,
  audio_cache_read_tokens UInt64,
  image_cache_read_tokens UInt64,
  units Map(LowCardinality(String), UInt64),
  band_tokens Nullable(UInt64),
  workload LowCardinality(String),
  team LowCardinality(String),
  user String,
  api_key String,
  conversation String,
  status LowCardinality(String),
  latency_ms Nullable(Float64),
  first_byte_ms Nullable(Float64),
  prompt_hash String,
  prefix_hashes Array(String) CODEC(ZSTD),
  prefix_block_tokens UInt64,
  policy_version UInt64,
  policy_rule LowCardinality(String),
  arm LowCardinality(String),
  unit String,
  unmetered Bool,
  cost Nullable(Decimal(38, 12)),
  price_version LowCardinality(String),
  unpriced_reason LowCardinality(String),
  seniority UInt64 DEFAULT 18446744073709551615 - toUnixTimestamp64Nano(now64(9)),
  withdrawn UInt8
)
ENGINE = ReplacingMergeTree(seniority, withdrawn)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, toStartOfHour(at), source, id);

INSERT INTO {database}.usage_facts
  (org_id, at, source, id, provider, requested_model, model, tier, requests, input_tokens, cache_read_tokens, cache_write_5m_tokens,
   cache_write_1h_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens,
   workload, team, user, api_key, conversation, status, latency_ms, first_byte_ms, prompt_hash, prefix_hashes, prefix_block_tokens,
   policy_version, policy_rule, arm, unit, unmetered, cost, price_version, unpriced_reason, seniority)
  SELECT org_id, at, source, id, provider, requested_model, model, tier, requests, input_tokens, cache_read_tokens, cache_write_5m_tokens,
   cache_write_1h_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens,
   workload, team, user, api_key, conversation, status, latency_ms, first_byte_ms, prompt_hash, prefix_hashes, prefix_block_tokens,
   policy_version, policy_rule, arm, unit, unmetered, cost, price_version, unpriced_reason, seniority
  FROM {database}.usage_events;

TRUNCATE TABLE IF EXISTS {database}.usage_events;

-- Sums per hour, built anew from usage_facts as a whole, under a generation of its own. A row of an older generation counts
-- for nothing, and is removed some time later. User and API key, which have many values, stand in usage_days.
-- context_above is the greatest edge of a context band that the requests lie above.
CREATE TABLE IF NOT EXISTS {database}.usage_sums (
  org_id LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta, ZSTD),
  generation UInt64,
  provider LowCardinality(String),
  model LowCardinality(String),
  requested_model LowCardinality(String),
  workload LowCardinality(String),
  team LowCardinality(String),
  source LowCardinality(String),
  tier LowCardinality(String),
  status LowCardinality(String),
  unpriced_reason LowCardinality(String),
  context_above UInt64,
  requests UInt64,
  input_tokens UInt64,
  cache_read_tokens UInt64,
  cache_write_5m_tokens UInt64,
  cache_write_1h_tokens UInt64,
  output_tokens UInt64,
  reasoning_tokens UInt64,
  audio_input_tokens UInt64,
  audio_output_tokens UInt64,
  image_input_tokens UInt64,
  image_output_tokens UInt64,
  video_input_tokens UInt64,
  audio_cache_read_tokens UInt64,
  image_cache_read_tokens UInt64,
  cost Decimal(38, 12),
  unpriced_requests UInt64,
  unpriced_tokens UInt64,
  single_requests UInt64,
  timed_requests UInt64,
  hashed_requests UInt64,
  prefixed_requests UInt64,
  first_at DateTime64(3, 'UTC'),
  last_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org_id, hour, generation, workload, model);

-- Which generation of an hour counts: the greatest. Written last, this row is the switch.
CREATE TABLE IF NOT EXISTS {database}.hour_generations (
  org_id LowCardinality(String),
  hour DateTime('UTC'),
  generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY (org_id, hour);

-- Sums per UTC day and every dimension, built in the same way. A day counts while its generation is greater than that of
-- each of its hours: nothing has been written to it since.
CREATE TABLE IF NOT EXISTS {database}.usage_days (
  org_id LowCardinality(String),
  day DateTime('UTC') CODEC(Delta, ZSTD),
  generation UInt64,
  provider LowCardinality(String),
  model LowCardinality(String),
  requested_model LowCardinality(String),
  workload LowCardinality(String),
  team LowCardinality(String),
  user String,
  api_key String,
  source LowCardinality(String),
  tier LowCardinality(String),
  status LowCardinality(String),
  policy_version UInt64,
  policy_rule LowCardinality(String),
  arm LowCardinality(String),
  unit String,
  requests UInt64,
  input_tokens UInt64,
  cache_read_tokens UInt64,
  cache_write_5m_tokens UInt64,
  cache_write_1h_tokens UInt64,
  output_tokens UInt64,
  reasoning_tokens UInt64,
  audio_input_tokens UInt64,
  audio_output_tokens UInt64,
  image_input_tokens UInt64,
  image_output_tokens UInt64,
  video_input_tokens UInt64,
  audio_cache_read_tokens UInt64,
  image_cache_read_tokens UInt64,
  cost Decimal(38, 12),
  unpriced_requests UInt64,
  unpriced_tokens UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (org_id, day, generation, workload, model);

CREATE TABLE IF NOT EXISTS {database}.day_generations (
  org_id LowCardinality(String),
  day DateTime('UTC'),
  generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY (org_id, day);

-- Prompts and prompt prefixes that were repeated, per UTC day and time to live, built in the same way. They count while their
-- generation is greater than that of each hour of the day and of the day before.
CREATE TABLE IF NOT EXISTS {database}.usage_prompt_repeats (
  org_id LowCardinality(String),
  day DateTime('UTC') CODEC(Delta, ZSTD),
  generation UInt64,
  ttl_ms UInt64,
  workload LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  requests UInt64,
  repeats UInt64,
  repeat_cost Decimal(38, 12),
  cost Decimal(38, 12)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (org_id, day, generation, ttl_ms, workload, model);

CREATE TABLE IF NOT EXISTS {database}.usage_prefix_reuse (
  org_id LowCardinality(String),
  day DateTime('UTC') CODEC(Delta, ZSTD),
  generation UInt64,
  ttl_ms UInt64,
  workload LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  requests UInt64,
  inputs UInt64,
  cached UInt64,
  reusable UInt64,
  writable UInt64,
  cost Decimal(38, 12)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (org_id, day, generation, ttl_ms, workload, model);

CREATE TABLE IF NOT EXISTS {database}.repeat_generations (
  org_id LowCardinality(String),
  day DateTime('UTC'),
  generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY (org_id, day);

-- Hours that a writer has said it will write to, and not yet that their sums hold it: what a writer that was killed leaves behind.
CREATE TABLE IF NOT EXISTS {database}.usage_pending (
  org_id LowCardinality(String),
  hour DateTime('UTC'),
  writer String,
  since DateTime64(3, 'UTC') DEFAULT now64(3),
  done UInt8
)
ENGINE = ReplacingMergeTree(done)
ORDER BY (org_id, hour, writer);
