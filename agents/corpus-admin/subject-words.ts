import { searchWords } from "../../src/core/corpus-words.ts";
import { vocabulary } from "../triage/vocabulary.ts";

/** Words of questions about spend that say nothing about what a document would have to be about. */
const everyday =
  "ai llm answer ask average big bring buy change cheap check compare daily day dear drop each ever expensive explain fast find full give go good grow happen help hour hurt idea improve keep " +
  "know large less list long look low main many mean measure minute move need new number old one open part pay people per plan point possible put question quick rather rate reason result rise run " +
  "say see show slow small spend start still stop suit switch take tell thing think time today top total trend try turn two type unit use user value want way well what worth year apex our us anything everything something";

const weak: ReadonlySet<string> = new Set([...vocabulary, everyday].flatMap(searchWords));

/** The words of a question that name its subject, each once, as search compares them: neither numbers nor what every question about spend says. */
export const subjectWords = (question: string): readonly string[] => [
  ...new Set(searchWords(question).filter((word) => !weak.has(word) && !/^\p{N}/u.test(word) && word.length > 1)),
];
