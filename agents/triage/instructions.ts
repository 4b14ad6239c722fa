import type { Category, Intent, Priority } from "../../src/core/triage.ts";
import type { Topic } from "../topics.ts";
import { managesSynthetic } from "./synthetic.ts";

/** A wording and what it points to; `weight` counts towards the category. */
export interface Rule<T> {
  readonly to: T;
  readonly pattern: RegExp;
  readonly weight: number;
}

const rule = <T>(to: T, pattern: RegExp, weight = 1): Rule<T> => ({ to, pattern, weight });

/** Wordings of topics. */
export const topicRules: readonly Rule<Topic>[] = [
  rule("batch", /\b(?:batch(?:ing|es)?|flex)\b(?!-)/),
  rule(
    "trend",
    /\b(?:anomal(?:y|ies|ous)|outliers?|unusual|trends?|over time|per day|by day|daily|day by day|each day|every day|history)\b/,
  ),
  rule(
    "spend",
    /\b(?:spend(?:ing|s)?|spent|cost(?:s|ing)?|bills?|invoices?|expenses?|expensive|dear|pay(?:ing)?|paid|money|dollars|budget|burn(?:ing)?)\b/,
  ),
  rule("requests", /\b(?:requests?|calls?|traffic|volume|invocations?)\b/),
  rule("tokens", /\btokens?\b/),
  rule(
    "bill_change",
    /\b(?:why|what (?:made|caused|happened)|how come|explain|reason)\b.{0,60}\b(?:bills?|costs?|spend(?:ing)?|spent|invoices?|expenses?)\b.{0,40}\b(?:jump|rise|rose|risen|spike|grow|grew|grown|increas|higher|more|up|doubl|tripl|explod|chang|drop|fall|fell|lower|went|go)/,
  ),
  rule("bill_change", /\bwhy\b.{0,40}\b(?:so (?:high|expensive|much)|more expensive|up|higher)\b/),
  rule(
    "bill_change",
    /\b(?:bills?|costs?|spend(?:ing)?|invoices?)\b.{0,30}\b(?:jumped|spiked|rose|doubled|tripled|exploded|went up|gone up|shot up|increased|changed?|dropped|went down)\b/,
  ),
  rule(
    "bill_change",
    /\b(?:decompos\w*|break ?down of the change|what changed|what drove the (?:change|increase|jump)|cost (?:jump|spike|increase|change)|bill (?:jump|spike|increase|change))\b/,
  ),
  rule(
    "bill_change",
    /\b(?:spend|spent|costs?|bill)\b.{0,60}\b(?:vs\.?|versus|compared|against|than)\b.{0,20}\b(?:last|previous|prior|week|month|yesterday|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|q[1-4])/,
  ),
  rule("bill_change", /\b(?:upgrade|migration|release|switch|change)\b.{0,40}\bworth\b|\bworth (?:it|the)\b/),
  rule(
    "bill_change",
    /\b(?:explain|reasons?|causes?|what (?:caused|drove)|decompos\w*)\b.{0,30}\b(?:increase|jump|rise|spike|drop|change)\b|\bmade .{0,20}\b(?:bills?|costs?|spend)\b.{0,10}\b(?:go|rise|jump|climb)|\b(?:spiked|raised|increased|doubled|tripled|drove up) (?:our|the) (?:\w+ )?(?:bills?|costs?|spend(?:ing)?)\b/,
  ),
  rule("bill_change", /\b(?:why|how come)\b.{0,40}\b(?:pay|paid|spend|spent|spending|cost(?:s|ing)?)\b.{0,20}\b(?:more|less)\b/),
  rule(
    "bill_change",
    /\broll\w* (?:\w+ ){0,2}back\b.{0,60}\b(?:upgrade|migration|release|switch|change|quality)\b|\b(?:upgrade|migration|release|switch)\b.{0,60}\broll\w* (?:\w+ ){0,2}back\b/,
  ),
  rule("bill_change", /\b(?:anomal(?:y|ies|ous)|outliers?|unusual)\b/),
  rule("bill_change", /^\W*(?:but )?why(?: is (?:that|it)| so)?\W*$/),
  rule("bill_change", /\bwhat(?:'s| has| did)? (?:happen|change)(?:ed|d)?\b(?!s)/),
  rule("bill_change", /\bwhy\b.{0,40}\b(?:jump|spik|rise|rose|explod|doubl|tripl)/),
  rule(
    "drivers",
    /\b(?:drivers?|drives?|driving|who (?:spends?|spent|uses?|used|costs?)|what costs|where (?:does|is|did|do) .{0,30}(?:money|spend|budget|cost)|top|biggest|largest|most expensive|dearest|costliest|heaviest|spends? (?:the )?most|big spenders?|main cost|rank(?:ed|ing)?|eat(?:s|ing) (?:up )?(?:our|the))\b|\b(?:costs?|spends?|pays?|burn(?:s|ing)?|us(?:e|es|ed|ing)|consum\w+|gets?|responsible)\b.{0,25}\bmost\b|\bmost of (?:the|our) (?:money|bill|spend|budget|costs?)\b/,
  ),
  rule(
    "forecast",
    /\b(?:forecast\w*|month[- ]?end|end of (?:the |this )?month|project(?:ed|ion)|predict\w*|run[- ]?rate|(?:will|going to|gonna) (?:we |the \w+ )?(?:be at |land|end|spend|cost|hit|reach)|land at|on track|outlook|expect to (?:spend|pay))\b|\b(?:estimate|likely|expected|projected)\b.{0,20}\b(?:total|bill|spend|costs?)\b|\bmonth (?:close|end|finish)\b|\b(?:exceed|go over|blow|break)\b.{0,20}\bbudget\b|\bwill (?:january|february|march|april|may|june|july|august|september|october|november|december|our total|the total|the bill|our bill)\b/,
  ),
  rule(
    "latency",
    /\b(?:latenc(?:y|ies)|slow(?:er|est)?|fast(?:er|est)?|speed|response times?|quick(?:er)?|p50|p90|p95|p99|percentiles?|first byte|first token|ttft|milliseconds?|laggy|lag)\b|\d ?ms\b/,
  ),
  rule(
    "quality",
    /\b(?:quality|accura(?:cy|te)|regress\w*|hallucinat\w*|correctness|good enough|better answers|worse answers|evals?|evaluations?|did(?: not|n't) improve)\b/,
  ),
  rule("cache", /\b(?:cach(?:e|es|ed|ing)|prefix(?:es)?|hit rates?)\b/),
  rule("duplicates", /\b(?:duplicat\w*|repeat(?:s|ed)?|identical|same (?:prompt|question|request)s?|redundant)\b/),
  rule("duplicates", /\bcach(?:e|es|ing)\b.{0,40}\b(?:audit|waste)|\baudit\b.{0,30}\bcach/),
  rule(
    "unpriced",
    /\b(?:un ?priced|without (?:a )?prices?|no price|missing prices?|not (?:been )?priced|everything priced|prices? (?:are |is )?missing|no known prices?|unknown costs?|costs? (?:is|are) unknown|(?:can't|cannot|could not|couldn't) (?:you )?(?:put a )?price|lacks? (?:a )?price|dark spend|reconcil\w*|unknown models?)\b/,
  ),
  rule(
    "reconciliation",
    /\b(?:dark spend|reconcil\w*|over-?metered|un ?metered|not metered|metered (?:against|vs\.?|versus|and|but not) billed|billed (?:against|vs\.?|versus|and|but not) metered)\b/,
  ),
  rule(
    "reconciliation",
    /\b(?:agree[sd]?|match(?:es|ed)?|tall(?:y|ies)|consistent|square[sd]?|lines? up|adds? up)\b.{0,40}\b(?:invoices?|invoiced|bills?|billed|billing)\b|\b(?:invoices?|bills?)\b.{0,30}\b(?:agree|match|tally|correct|right(?! now))|\b(?:compar\w*|differ\w*|check\w*)\b.{0,40}\b(?:invoices?|invoiced)\b/,
  ),
  rule(
    "savings",
    /\b(?:saved|savings)\b.{0,30}\b(?:so far|us|already|measured|proven|ledger)\b|\b(?:did|have|has) (?:you|apex|it|we|they|the changes?|these changes?)\b.{0,15}\bsaved?\b|\bmeasured savings\b/,
  ),
  rule(
    "savings",
    /^\W*savings\W*$|\bhow much (?:did|has|have|was|were)\b.{0,40}\bsaved?\b|\bwhat (?:was|were|has been|have we|did we)\b.{0,20}\bsaved?\b|\b(?:show|list|report|what (?:are|were|is)|how (?:much|big|are|were)|our|my|your|total|actual|realised|realized)\b.{0,20}(?<!potential |possible |more )\bsavings\b(?! (?:ideas?|opportunit|potential|suggest|plan))/,
  ),
  rule("rate_limits", /\b(?:rate limits?|quotas?|throttl\w*|429s?|headroom|rpm|tpm)\b/),
  rule("reasoning_effort", /\b(?:reasoning(?: effort| tokens)?|verbosity|thinking (?:budget|tokens)|effort)\b/),
  rule(
    "model_fit",
    /\b(?:should (?:.{0,40} )?(?:use|run on|try|be on|adopt)|adopt|switch(?:ed|ing)?|migrat(?:e|ed|ing)|mov(?:e|es|ed|ing)|replac(?:e|ed|ing)|upgrade|downgrade|right[- ]?siz\w*|suit(?:s|ed|able)?|better model|newer (?:model|models|versions?)|(?:what|which) model versions?|(?:suggest|recommend)\w* (?:a |new )*models?|right for|(?:good|better|best) (?:choice|fit|match)|cheaper models?|smaller models?|which models?|best model|new models?|other models?|instead of|alternative(?:s)?)\b/,
  ),
  rule(
    "price",
    /\b(?:pric(?:e|es|ing|ed) (?:of|for|list|book|per)|list prices?|price[sd]? list|per (?:million|1m|1k|thousand) tokens?|(?:cost|price) per (?:million )?tokens?|what (?:does|do|is|are) .{0,40}(?:price|cost per)|context windows?|catalog(?:ue)?|available models|models (?:are )?(?:available|under|below|with)|cheapest models?|how much (?:is|are) (?:gpt|claude|gemini|mistral|o\d)|what do(?:es)? (?:gpt|claude|gemini|mistral|o\d)[\w. -]{0,30} cost)\b(?! (?:us|me|our)\b)/,
  ),
  rule(
    "reduction",
    /\b(?:(?:potential|possible|more) savings|savings (?:potential|opportunit\w*|ideas?)|reduc(?:e|ing|tion)|overspend\w*|costs? down|cheapest way|(?:more )?efficient(?:ly)?|find savings|savings (?:are )?possible|savings (?:that|which)|how (?:low|cheap)|cut(?:ting)?|lower(?:ing)?|sav(?:e|ing)|optimi[sz](?:e|ing|ation|ations)|cheaper|shrink|trim|bring down|decrease|less (?:money|spend)|spend less|pay less|wast(?:e|ed|eful|ing)|too (?:dear|expensive|much)|improve(?:ments?)?|recommend(?:ations?)?|suggest(?:ions?)?)\b/,
  ),
];

/** Wordings of categories, beside what their topics add. */
export const categoryRules: readonly Rule<Category>[] = [
  rule("synthetic_data", managesSynthetic, 20),
  rule("corpus", /\b(?:corpus|corpora|reference documents?|knowledge base)\b/, 5),
  rule(
    "system_configuration",
    /\b(?:system (?:settings?|configuration)|environment|retention|single sign|sso|webhook|(?:rotate|create|revoke|manage|new) (?:an? |the )?api keys?)\b/,
    4,
  ),
  rule("administrative_tools", /\b(?:users? and roles?|add (?:a )?users?|invite|permissions?|audit log|tenants?)\b/, 4),
  rule(
    "configuration",
    /\b(?:set ?up|configure|connect|integrat\w+|import(?:ing)?|turn (?:on|off)|enable|disable|alert me|roll(?: it)? back|rollback|holdout|install)\b/,
    2,
  ),
  rule(
    "cost",
    /\b(?:spend\w*|spent|costs?|bills?|cheap(?:er|est)?|expensive|dear|sav(?:e|ed|ing|ings)|budget|money|unpriced|dark spend|invoices?|invoiced|reconcil\w*)\b/,
    2,
  ),
  rule(
    "performance",
    /\b(?:latenc(?:y|ies)|slow(?:er|est)?|fast(?:er)?|speed|response times?|p9[059]|throughput|time ?outs?|rate limits?|quotas?)\b|\d ?ms\b/,
    2,
  ),
  rule("quality", /\b(?:quality|accura\w+|regress\w*|hallucinat\w*|evals?|worth)\b/, 2),
  rule(
    "model_selection",
    /\b(?:which models?|move to|switch to|migrate|replace|suit(?:s|ed|able)?|right[- ]?siz\w*|new model|better model|upgrade|downgrade|reasoning effort|verbosity|instead of)\b/,
    3,
  ),
  rule(
    "supply_catalog",
    /\b(?:catalog(?:ue)?|price list|price book|list price|available models|context windows?|per million|cheapest models?|how much (?:is|are)|models (?:under|below|with))\b/,
    5,
  ),
  rule(
    "monitoring_and_reporting",
    /\b(?:report|digest|dashboard|trends?|forecast\w*|month[- ]?end|end of (?:the |this )?month|run[- ]?rate|daily|weekly|summary|overview|status)\b/,
    2,
  ),
  rule(
    "workload_analysis",
    /\b(?:workloads?|features?|functions?|usage|requests?|traffic|tokens?|patterns?|cach\w+|duplicat\w*|prompts?|agents?|tools?)\b/,
    1,
  ),
  rule("general", /^\s*(?:hi|hello|hey|help|thanks|thank you|what can you do|who are you|start)\b/, 1),
];

/** What asks for something else than an answer about spend, whatever words of ours stand in it. */
export const offTopic =
  /\b(?:write|compose|sing|tell) (?:me )?(?:an? )?(?:poem|story|song|joke|essay|limerick|email|letter)\b|^\s*translate\b/;

/** Wordings of intents, in the order in which they are reported. */
export const intentRules: readonly Rule<Intent>[] = [
  rule(
    "optimize",
    /\b(?:optimi[sz]\w*|reduc\w+|cut(?:ting)?|lower(?:ing)?|sav(?:e|ing)|cheaper|shrink|trim|halve|bring down|decrease|spend less|pay less|too (?:slow|dear|expensive)|improve|audit|faster|wast\w+|right[- ]?siz\w*)\b/,
  ),
  rule(
    "compare",
    /\b(?:compar\w+|vs\.?|versus|better|worse|than|or)\b.{0,60}\b(?:model|gpt|claude|gemini|mistral|week|month|year|yesterday|quarter|last|suit|[ab]\b)|\bworth\b|\bcompar\w+|\bmove to\b|\bwould .{0,40} suit\b/,
  ),
  rule(
    "predict",
    /\b(?:forecast\w*|predict\w*|project(?:ed|ion)|month[- ]?end|end of (?:the |this )?month|will|next (?:week|month|quarter|year)|what happens|if (?:usage|traffic|we)|expect)\b/,
  ),
  rule("troubleshoot", /\b(?:why|jump(?:ed)?|spik\w+|wrong|broke\w*|problem|issue|anomal\w+|explain|caus\w+|too slow|what happened)\b/),
  rule(
    "recommend",
    /\b(?:recommend\w*|suggest\w*|should|which models?|how (?:can|could|do|to|might) (?:we|i|you)?|ideas?|advise|what (?:can|could|should) (?:we|i)|suit|move to)\b/,
  ),
  rule("configure", /\b(?:configure|set ?up|connect|enable|disable|turn (?:on|off)|roll(?: it)? back|rollback|alert me|import)\b/),
  rule(
    "report",
    /\b(?:report|show|list|summar\w+|overview|digest|what (?:did|do|does|is|are|was|were)|how (?:much|many)|who|which|give me|spend by|by model|per team)\b/,
  ),
  rule(
    "analyze",
    /\b(?:analy[sz]\w*|audit|break ?down|drivers?|understand|look (?:at|into)|investigate|trend|where (?:does|is|did)|decompos\w*|reconcil\w*|find)\b/,
  ),
];

/** Wordings of priority; the first that fits counts, else medium. */
export const priorityRules: readonly Rule<Priority>[] = [
  rule("critical", /\b(?:urgent(?:ly)?|asap|immediately|emergency|critical|outage|right now|runaway|on fire|out of control)\b/),
  rule(
    "high",
    /\b(?:jump(?:ed)?|spik\w+|explod\w+|doubled|tripled|too slow|too (?:dear|expensive)|today|important|quickly|rollback|roll back|over budget)\b/,
  ),
  rule("low", /\b(?:curious|just wondering|fyi|some ?day|when you have time|no rush|low priority|nice to have|whenever)\b/),
];

/** Words by which spend is split, and the dimension they mean. */
export const dimensionRules = [
  [
    "provider",
    /\b(?:top(?: \d+| ten| five| three)?|biggest|largest|most expensive|costliest|dearest|heaviest) providers?\b|\b(?:by|per|each|across|every|which|what|and by) (?:the )?(?:ai )?(?:providers?|vendors?)\b|\bproviders? (?:split|breakdown|split-up)\b/,
  ],
  [
    "model",
    /\b(?:top(?: \d+| ten| five| three)?|biggest|largest|most expensive|costliest|dearest|heaviest) models?\b|\b(?:by|per|each|across|every|which|what) (?:the )?(?:ai )?models?\b|\bmodels? (?:split|breakdown|mix)\b|\band models?\b/,
  ],
  [
    "workload",
    /\b(?:top(?: \d+| ten| five| three)?|biggest|largest|most expensive|costliest|dearest|heaviest) (?:workloads?|features?|apps?|services?)\b|\b(?:by|per|each|across|every|which|what) (?:the )?(?:workloads?|features?|functions?|jobs?|apps?|applications?|services?|agents?|products?)\b|\band (?:workloads?|features?)\b/,
  ],
  [
    "team",
    /\b(?:top(?: \d+| ten| five| three)?|biggest|largest|most expensive|costliest|dearest|heaviest|rank(?: the| our)?) teams?\b|\b(?:by|per|each|across|every|which|what) (?:the )?(?:teams?|departments?|groups?)\b|\band teams?\b/,
  ],
  [
    "user",
    /\b(?:top(?: \d+| ten| five| three)?|biggest|largest|most expensive|costliest|dearest|heaviest) users?\b|\b(?:by|per|each|across|every|which|what) (?:the )?(?:users?|persons?|people|developers?|customers?)\b|\bwho (?:spends?|spent|uses?|used|costs?|is spending|burns?)\b|\b(?:top|big|biggest|largest|heaviest) spenders?\b|\band users?\b/,
  ],
  ["apiKey", /\b(?:by|per|each|across|every|which|what) (?:the )?(?:api )?keys?\b/],
  ["source", /\b(?:by|per|each|across|every|which) (?:the )?(?:data )?sources?\b/],
  ["tier", /\b(?:by|per|each|across|every|which) (?:the )?(?:service )?tiers?\b/],
  ["status", /\b(?:by|per|each|across|every) (?:the )?(?:status|outcomes?)\b|\bfailed (?:requests?|calls?|spend)\b|\berrors?\b/],
] as const;

/** Questions that work, shown where one did not. */
export const exampleQuestions: readonly string[] = [
  "What did we spend by model last week?",
  "Why did the bill jump?",
  "What will the month end at?",
  "How can we cut cost?",
  "Audit our caching.",
];
