import { assertNever } from "../core/errors.ts";
import type { AnswerCheck } from "../core/strategy.ts";
import { answerText, formatOkOf } from "./answer-text.ts";
import type { AnswerFacts, Endpoint } from "./endpoint.ts";
import type { Call } from "./json-call.ts";
import type { Written } from "./sink.ts";

/** An answer that may be given, and what it answers. */
export interface CheckedAnswer {
  readonly endpoint: Endpoint;
  readonly call: Call;
  readonly written: Written;
  readonly facts: AnswerFacts;
}

/** How models begin to refuse, in English. */
const refusal =
  /^\W*(?:i['’]?m (?:really |very )?sorry\b|sorry, (?:but )?i\b|i (?:can(?:no|['’])t|am unable|['’]?m unable|am not able|['’]?m not able|won['’]t)\b|as an ai\b)/i;

const passesOne = (check: AnswerCheck, { endpoint, call, written, facts }: CheckedAnswer): boolean => {
  switch (check) {
    case "finished":
      return facts.finish === "stop" || facts.finish === "tool";
    case "format":
      return formatOkOf(endpoint, call, written) !== false;
    case "not_refused":
      return endpoint.text === undefined || !refusal.test(answerText(endpoint.text, written).slice(0, 200));
    default:
      return assertNever(check);
  }
};

/** Whether an answer passes every check. */
export const passesChecks = (checks: readonly AnswerCheck[], answer: CheckedAnswer): boolean =>
  checks.every((check) => passesOne(check, answer));
