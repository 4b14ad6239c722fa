/** Short words, mended from these spellings alone: one slip in three letters may be any word. */
export const shortSlips: Readonly<Record<string, string>> = {
  bil: "bill",
  bll: "bill",
  biil: "bill",
  cots: "cost",
  csot: "cost",
  cst: "cost",
  spnd: "spend",
  sepnd: "spend",
  spedn: "spend",
  weak: "week",
  wek: "week",
  mnth: "month",
  teh: "the",
  wich: "which",
  hte: "the",
  tokns: "tokens",
  usge: "usage",
  cahce: "cache",
};

/** Words that triage knows; a slip of the finger in them is mended before the rules are read. */
export const vocabulary: readonly string[] = `
  spend spends spending spent costs money bills invoice expensive cheaper cheapest savings saving budget reduce reducing lower quality latency speed slower faster
  forecast month yesterday today tomorrow quarter model models workload workloads feature features function provider providers teams users requests tokens
  traffic usage cache caching cached prefix duplicate duplicates duplicated repeated unpriced priced reconcile reconciliation compare compared versus upgrade
  migrate switch replace recommend recommendation recommendations suggest optimize optimise optimization analyze analyse report summary overview
  breakdown doubles triples tripled drivers biggest expensive jumped increase increased decrease decreased doubled halve response prices price catalog context window
  reasoning effort verbosity limits quota throttled percent week weeks days last previous current january february march april june july august
  september october november december monday tuesday wednesday thursday friday saturday sunday which should happens explain audit wasted waste
`
  .split(/\s+/)
  .filter((word) => word !== "");

/** Everyday words that are one slip from a known word and are not meant as it. */
export const notSlips: ReadonlySet<string> = new Set(
  "sending analyzer rejected audio released releases retired retires retiring sources stale fresh market moved match matches matched agree agrees agreed tally there these those where while would could should their about after again below every first other great right since still thing think three total under until using weeks wants whole works write years yours model modes mode price place place prize caches costs coast cased cases cause caused later water latest least lasts makes month mouth months moths users uses teams terms steam loser power tower lowers flower".split(
    " ",
  ),
);
