-- One row per fact. A fact written again has the same key: the row with the greatest seniority, the one that was
-- written first, stays, so that a cost once stamped is never restamped. Read with FINAL.
CREATE TABLE IF NOT EXISTS {database}.usage_events (
  org_id LowCardinality(String),
  at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
  source LowCardinality(String),
  id String,
  provider LowCardinality(String),
  requested_model LowCardinality(String),
  model LowCardinality(String),
  tier LowCardinality(String),
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
  seniority UInt64 DEFAULT 18446744073709551615 - toUnixTimestamp64Nano(now64(9))
)
ENGINE = ReplacingMergeTree(seniority)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, toStartOfHour(at), source, id);

-- Sums per hour, built anew from usage_events as a whole, under a generation of its own. A row of an older generation
-- counts for nothing, and is removed some time later.
CREATE TABLE IF NOT EXISTS {database}.usage_hours (
  org_id LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta, ZSTD),
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
  cost Decimal(38, 12),
  unpriced_requests UInt64,
  unpriced_tokens UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org_id, hour, generation, workload, model);

-- Which generation of an hour counts: the greatest. Written last, this row is the switch.
CREATE TABLE IF NOT EXISTS {database}.usage_generations (
  org_id LowCardinality(String),
  hour DateTime('UTC'),
  generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY (org_id, hour);
