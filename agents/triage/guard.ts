import { readings } from "./readings.ts";

/** Settings that chat text cannot touch. */
const settings =
  "(?:gateway |api |read )?keys?|audit log|secrets?|usage|two-person(?: rule)?|guardrails?|metering|role|permissions?|admin mode|holdout|approvals?|polic(?:y|ies)|recommendations?|proposals?|safety";

/** What an attempt to give orders looks like; a question about spend needs none of these. */
const orders: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|rules?|polic(?:y|ies)|safety|guardrails?|approvals?|checks?|everything|(?:previous|prior|above|earlier|system) (?:prompts?|messages?|text))\b/,
  /\byou are (?:now|no longer)\b/,
  /\b(?:act|behave|respond|simulate|role-?play)\b(?: as)? (?:an? |the )?(?:admin|root|system|developer|unrestricted|different|hacker|owner)/,
  /\bpretend (?:to be|you|that)\b/,
  /\b(?:reveal|print|show|repeat|output|leak|tell me|export|share|create|revoke|write|read|decode)\b.{0,30}\b(?:system prompt|your (?:prompt|instructions|rules)|secrets?|secret[ .]keys?|passwords?|credentials?|environment variables?)\b/,
  // "Spend by API key" and "what API keys cost" are questions.
  /\b(?:reveal|print|show|repeat|output|leak|tell me|post|share|export|embed|publish|holds?)\b.{0,30}(?<!\b(?:by|per|each|every|which|what) )(?:api|gateway) keys?\b(?!.{0,40}\b(?:spen[dt]|costs?|usage|used|budgets?|requests|tokens))/,
  /\byour (?:(?:system|hidden|secret|own|initial|real|new|true|next) )*(?:prompts?|instructions|guidelines|secret keys?|tasks?|orders)\b/,
  /\b(?:stop|do not|don't|no longer|never) follow(?:ing)?\b/,
  /\b(?:there are no|no|without(?: any)?) (?:rules|guardrails|restrictions|guidelines)\b|\bfrom now on,? (?:you|answer|obey|reply)\b|\byou (?:must )?obey\b/,
  /\bapprove (?:all|everything|every|any|each|it|them|this|these|both)\b|\bapproves everything\b/,
  /^\s*i approve\b|\bhereby approve\b|\bas an approval\b|\bapprovals? (?:is |are |was |were )?(?:granted|given|not needed|disabled|off)\b|\bno approvals? (?:is )?(?:needed|required)\b|\b(?:admin|ceo|cfo|owner)\b.{0,30}\b(?:already )?(?:approved|authori[sz]ed?)\b|\bconsider all approvals\b|\bapproved by (?:the |an )?admin\b/,
  /^\s*(?:please |sudo )?(?:approve|apply|execute|merge|deploy)\b(?!.{0,60}\?)/,
  /\b(?:apply|execute|deploy|enable|merge) (?:all|everything|every (?:change|recommendation)|them all|the best one|it now)\b/,
  /^\s*(?:please )?(?:switch|route|move|send) (?:all|every|everything)\b.{0,60}\b(?:now|immediately)\b/,
  /^\s*(?:please )?roll ?back\b.{0,30}\b(?:now|immediately)\b|^\s*(?:please )?reject\b(?!.{0,80}\?)/,
  new RegExp(
    `^\\s*(?:please )?(?:create|revoke|delete|remove|disable|stop|turn off|switch off|unlock|set my|change my|erase) (?:(?:the|a|an|all|every|each|our|my|any) )*(?:${settings})\\b(?!.{0,120}\\?)`,
  ),
  /\bset my (?:role|permissions?)\b|\b(?:unlock|enter) admin\b|\bsudo\b|\brm -rf\b|\/etc\/passwd\b|\bsecret\.key\b|\bapprovals?\b.{0,20}\bdirectly\b/,
  /\bwithout (?:any |an |my |the |asking for )?(?:approval|permission|confirmation)\b/,
  /\b(?:make|grant|give) me\b.{0,20}\b(?:admin|root|owner|access(?! to (?:the )?(?:numbers?|figures?|spend|report|data|costs?))|permission|role)/,
  /\bjail ?break\b|\bdeveloper mode\b|\bdo anything now\b/,
  /<\|?(?:im_start|im_end|system|endoftext)|<<sys>>|\[\/?inst\]|^\s*(?:###\s*)?(?:system|assistant|developer|tool|function)\s*:/m,
  /\bnew (?:system )?(?:instructions?|rules?|prompt)\s*:|\bend of user input\b/,
  /\b(?:drop|truncate|delete|alter|insert into)\s+(?:table|database|from|all|every(?:thing)?)\b/,
  /\b(?:run|execute) (?:this |the following )?(?:sql|command|code|shell|script)\b/,
  /\brepeat\b.{0,30}\b(?:above|verbatim|word for word)\b|\babove this line\b/,
  // Calls of tools, as models write them.
  /[{,]\s*["'](?:tool|name|function|action|method|role|type|operations|triage|refusal|approved|askback)["']\s*:|<\/?(?:tool_call|tool_result|function)\b|\bfunctions?\.\w+\(|^\s*action(?: input)?\s*:/m,
  /\b(?:apply|approve|delete|grant|revoke|roll_?back|enter|drop)_[a-z]+\b/,
  /\b(?:call|invoke|use|trigger)\b.{0,20}\b(?:tools?|functions?)\b.{0,40}\b(?:apply|approve|write|delete|roll ?back|drop|grant)/,
  // Sending data away, and what a reader's program would load or run.
  /\b(?:send|e-?mail|mail|forward|upload|post|append|add)\b.{0,60}(?:[\w.+-]+@[\w-]+\.\w+|\w+ at \w+\.\w+|https?:\/\/)/,
  /!?\[[^\]]*\]\(\s*\w+:|<(?:script|img|iframe)\b|\bjavascript:|\bdata:\w+\/\w+[;,]|<[!@][a-z0-9]+>/,
  /\bforward this\b|\b(?:mention|ping|include)\b.{0,10}@(?:everyone|here|channel)\b|\biframe\b|\ball prompts\b/,
  // The same orders in other languages.
  /\b(?:ignoriere?|vergiss|missachte)\b.{0,40}\b(?:anweisungen|regeln|befehle)|\bgenehmige?\b|\bdu bist (?:jetzt|nun)\b|\bsystemprompt\b/,
  /\b(?:ignore[zr]?|oublie[zr]?)\b.{0,30}\b(?:instructions|regles|consignes)|\bapprouve[zr]?\b|\bmot de passe\b/,
  /\b(?:ignora|ignore|olvida|esquece)\b.{0,40}\b(?:instrucciones|instrucoes|reglas|regras|istruzioni)|\b(?:aprueba|aprove|approva) (?:todo|tudo|tutt)|\baplica todos\b/,
  /\bnegeer\b.{0,30}\binstructies|\bkeur\b.{0,20}\bgoed\b|\bignorera\b.{0,40}\binstruktioner|\bgodkann\b|\bzignoruj\b|\bzatwierdz\b|\byok say\b|\bonayla\b/,
  /игнорируй|одобри|忽略.{0,12}指示|批准所有|指示.{0,12}無視|すべて承認|지시.{0,12}무시|모두 승인|تجاهل|وافق على/,
];

/** Orders whose letters were spread so far that their words can no longer be told apart. */
const squeezed = /(?:ignore|disregard|forget)(?:all)?(?:the|your|previous|prior)*(?:rules|instructions)|approve(?:all|everything)/;

/** Whether a text, in any way in which it may be meant to be read, tries to give Apex orders instead of asking it something. */
export const givesOrders = (text: string): boolean =>
  readings(text).some((reading) => orders.some((pattern) => pattern.test(reading)) || squeezed.test(reading));
