const price = "(?:list )?(?:prices?|pricing)";

/** Wordings that ask what prices do, how old they are, and what others say of them. */
export const priceWordings: readonly RegExp[] = [
  /\bpric(?:e|ing) (?:changes?|moves?|movements?|hikes?|updates?|watch|alerts?|drops?|increases?|rises?)\b/,
  new RegExp(
    `\\b${price}\\b.{0,20}\\b(?:changed|moved|dropped|risen|rose|fell|fallen|gone (?:up|down)|went (?:up|down)|go (?:up|down))\\b`,
  ),
  new RegExp(`\\b(?:did|have|has|do) .{0,40}\\b${price}\\b.{0,30}\\b(?:change|move|drop|rise|fall|go up|go down)\\b`),
  new RegExp(`\\b(?:changes?|moves?) (?:in|of|to) .{0,20}\\b${price}\\b`),
  new RegExp(`\\b${price}(?: data| book| list)?\\b.{0,20}\\b(?:fresh|stale|up[- ]to[- ]date|out ?dated|out of date|old|recent|current)\\b`),
  new RegExp(`\\b(?:fresh|stale|up[- ]to[- ]date|out ?dated|how old|how fresh|how recent|how current)\\b.{0,30}\\b${price}\\b`),
  new RegExp(
    `\\b(?:sources?|lists?|litellm|portkey|langfuse|models\\.dev|genai-prices)\\b.{0,20}\\b(?:says?|states?|agrees?|disagrees?|differs?)\\b.{0,60}\\b(?:${price}|costs?|book)\\b`,
  ),
  new RegExp(
    `\\b${price}\\b.{0,60}\\b(?:by|from|in|at) (?:other |our |the |all |several )?(?:sources|lists|litellm|portkey|langfuse|models\\.dev)\\b`,
  ),
];

/** What was paid for a new model is no question about the market. */
const unpaid = "^(?!.*\\b(?:spend\\w*|spent|costs?|paid|pay|usage)\\b).*";

/** Wordings that ask which models came, went or changed. */
export const modelWordings: readonly RegExp[] = [
  new RegExp(
    `${unpaid}\\b(?:new|newer|newest|latest) models? (?:(?:have |has |had |were |was |are |that )?(?:come|came|been|just|recently|release[sd]?|launch\\w*|announce[sd]?|appear\\w*|listed|out|there)\\b|this (?:week|month)|last (?:week|month)|since)`,
  ),
  /\b(?:which|what|any|show|list|are there|were there) (?:\w+ ){0,2}new models?\W*$/,
  /\b(?:which|what|any) (?:\w+ ){0,2}models?\b.{0,20}\b(?:came out|come out|(?:been|were|was) release[sd]?|launch\w*|appear\w*)\b/,
  /\bmodels?\b.{0,30}\b(?:no longer (?:listed|available|sold)|taken off the lists?)\b/,
  /\b(?:capabilit(?:y|ies)|context windows?)\b.{0,20}\b(?:changed?|changes)\b|\bchanges?\b.{0,20}\bcapabilit(?:y|ies)\b/,
];

/** Wordings that ask for the whole of it. */
export const marketWordings: readonly RegExp[] = [
  /\bmarket (?:report|overview|summary|update|news)\b/,
  /\b(?:model|price|ai|llm)s? market\b/,
  /\bsupply (?:report|overview|summary|update|research\w*)\b/,
  /\b(?:price|pricing) (?:report|overview)\b/,
];
