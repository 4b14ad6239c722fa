-- Corpora of reference documents. The row with the greatest version counts; deleted ones stay as tombstones.
CREATE TABLE IF NOT EXISTS {database}.corpora (
  org_id LowCardinality(String),
  corpus String,
  version UInt64,
  deleted Bool,
  written_by String,
  at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (org_id, corpus);

-- A row per version of a document, never changed. The greatest version counts, a tombstone where it is deleted. Written last, after
-- the version's passages, this row is the switch.
CREATE TABLE IF NOT EXISTS {database}.corpus_documents (
  org_id LowCardinality(String),
  corpus String,
  document String,
  version UInt64,
  deleted Bool,
  title String,
  format LowCardinality(String),
  passages UInt64,
  words UInt64,
  bytes UInt64,
  content_hash String,
  version_hash String,
  written_by String,
  at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, corpus, document, version);

-- The passages of a version. `words` are its heading's and text's words as search compares them, in order and with repeats; the
-- text index over them finds the passages that BM25 ranks. The vector is empty where no embedding model was configured.
CREATE TABLE IF NOT EXISTS {database}.corpus_passages (
  org_id LowCardinality(String),
  corpus String,
  document String,
  version UInt64,
  version_hash String,
  passage UInt32,
  headings Array(String),
  place String,
  text String CODEC(ZSTD),
  words Array(String) CODEC(ZSTD),
  embedding_model LowCardinality(String),
  vector Array(Float32),
  INDEX found_words words TYPE text(tokenizer = 'array')
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, corpus, document, version, version_hash, passage);

-- Documents of proposals that wait for an approval, each as one JSON text; forgotten long after the approval has run out.
CREATE TABLE IF NOT EXISTS {database}.corpus_staged (
  org_id LowCardinality(String),
  proposal String,
  document String,
  body String CODEC(ZSTD),
  at DateTime('UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, proposal, document)
TTL at + INTERVAL 90 DAY;
