-- Which part of a request a row is (answer, cached, attempt, shadow or judge), how the model ended ('' where not said), and whether an
-- answer that had to be JSON was.
ALTER TABLE {database}.usage_facts
  ADD COLUMN IF NOT EXISTS part LowCardinality(String) DEFAULT 'answer' AFTER unmetered,
  ADD COLUMN IF NOT EXISTS finish LowCardinality(String) DEFAULT '' AFTER part,
  ADD COLUMN IF NOT EXISTS format_ok Nullable(Bool) DEFAULT NULL AFTER finish;

ALTER TABLE {database}.usage_days ADD COLUMN IF NOT EXISTS part LowCardinality(String) DEFAULT 'answer' AFTER unit;
