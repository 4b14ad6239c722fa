/** What an attempt to give orders looks like; a question about spend needs none of these. */
const orders: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|prompts?|rules?|polic(?:y|ies)|safety|guardrails?|approvals?|checks?|messages?|everything)\b/,
  /\byou are (?:now|no longer)\b/,
  /\b(?:act|behave|respond) as (?:an? |the )?(?:admin|root|system|developer|unrestricted|different|hacker|owner)/,
  /\bpretend (?:to be|you|that)\b/,
  /\b(?:reveal|print|show|repeat|output|leak|tell me)\b.{0,30}\b(?:system prompt|your (?:prompt|instructions|rules)|api keys?|secrets?|passwords?|credentials?|environment variables?)\b/,
  /\bapprove (?:all|everything|every|any|each|it|them|this|these|both)\b/,
  /^\s*(?:please )?(?:approve|apply|execute|merge|deploy)\b(?!.{0,60}\?)/,
  /\b(?:apply|execute|deploy|enable|merge) (?:all|everything|every (?:change|recommendation)|them all)\b/,
  /\bwithout (?:any |an |my |the |asking for )?(?:approval|permission|confirmation)\b/,
  /\b(?:make|grant|give) me\b.{0,20}\b(?:admin|root|owner|access|permission|role)/,
  /\bjail ?break\b|\bdeveloper mode\b|\bdo anything now\b/,
  /<\|?(?:im_start|im_end|system|endoftext)|\[\/?inst\]|^\s*(?:###\s*)?(?:system|assistant)\s*:/m,
  /\bnew (?:system )?(?:instructions?|rules?|prompt)\s*:/,
  /\b(?:drop|truncate|delete|alter|insert into)\s+(?:table|database|from|all|every(?:thing)?)\b/,
  /\b(?:run|execute) (?:this |the following )?(?:sql|command|code|shell|script)\b/,
];

/** Text as it reads: compatibility forms folded, invisible characters gone, lower case. */
export const asItReads = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/[\p{Cf}\u034f\u115f\u1160\u3164]+/gu, "")
    .replace(/[^\S\n]+/g, " ")
    .toLowerCase();

/** Whether a text tries to give Apex orders instead of asking it something. */
export const givesOrders = (text: string): boolean => orders.some((pattern) => pattern.test(asItReads(text)));
