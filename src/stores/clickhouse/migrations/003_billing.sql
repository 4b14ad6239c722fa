-- What providers billed, a row per line and UTC day, as it was read at `reading` (milliseconds). Of each origin and day the
-- last reading counts as a whole: bills settle late.
CREATE TABLE IF NOT EXISTS {database}.billed_charges (
  org_id LowCardinality(String),
  origin LowCardinality(String),
  day Date,
  reading UInt64,
  id String,
  source LowCardinality(String),
  provider LowCardinality(String),
  account LowCardinality(String),
  model LowCardinality(String),
  line_item String,
  kind LowCardinality(String),
  amount Decimal(38, 12)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (org_id, origin, day, reading, id);

-- Which reading of an origin's day counts: the greatest. Written last, this row is the switch.
CREATE TABLE IF NOT EXISTS {database}.billed_readings (
  org_id LowCardinality(String),
  origin LowCardinality(String),
  day Date,
  reading UInt64
)
ENGINE = ReplacingMergeTree(reading)
ORDER BY (org_id, origin, day);
