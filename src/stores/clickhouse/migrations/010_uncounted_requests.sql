-- Rows that sum up requests which their source does not count: not null there, and the input tokens that pick the context band.
ALTER TABLE {database}.usage_events ADD COLUMN IF NOT EXISTS band_tokens Nullable(UInt64);
