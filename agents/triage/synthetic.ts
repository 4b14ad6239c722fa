const kinds =
  "synthetic|fake|sample|test|dummy|demo|made[- ]up|e-?commerce|retail|financ(?:e|ial)|banking|health ?care|medical|gaming|games?|research";
const things = "data(?: ?sets?)?|records?|traffic|requests?|usage|workloads?|events?|rows?";
const making = "generat(?:e|ing)|creat(?:e|ing)|mak(?:e|ing)(?: up)?|produc(?:e|ing)|fabricat(?:e|ing)|synthesi[sz](?:e|ing)";

/** Wordings that have generated usage made, shown, stopped or taken out, over lower-case text; analyses of it are none of these. */
export const managesSynthetic = new RegExp(
  [
    `\\b(?:${making}|simulat(?:e|ing)|previews?|previewing)\\b[^.?!]{0,40}\\b(?:${kinds})\\b[^.?!]{0,30}\\b(?:${things})\\b`,
    `\\b(?:${making})\\b[^.?!\\d]{0,20}\\d[\\d,._]* ?(?:k|m|thousand|million)?\\b[^.?!]{0,40}\\b(?:records?|requests?|events?|rows?)\\b`,
    "\\b(?:cancel|stop|abort)\\b[^.?!]{0,30}\\b(?:generation|generating|synthetic|data ?sets?)\\b",
    "\\b(?:delete|remove|clear|drop|withdraw)\\b[^.?!]{0,30}\\b(?:synthetic|generated|fake|made[- ]up|data ?sets?)\\b",
    "\\b(?:list|show|which|what)\\b[^.?!]{0,20}\\b(?:synthetic|generated) (?:data ?sets|data (?:is|do we have|have we|exists))\\b",
  ].join("|"),
);

const mentions = /\b(?:synthetic|generated|made[- ]up|fake) (?:data(?: ?sets?)?|usage|traffic|records?|spend)\b/;
const real = /\b(?:real|actual|own) (?:data|usage|traffic|records?|spend)\b/;

/** Which usage a lower-case text asks about: "synthetic", "real", or what was spoken of, where it does not say. */
export const sourcesNamed = (text: string): string[] =>
  managesSynthetic.test(text) ? [] : mentions.test(text) ? ["synthetic"] : real.test(text) ? ["real"] : [];

/** Whether a lower-case text names a dataset, as a word of its own. */
export const namesDataset = (text: string, name: string): boolean =>
  new RegExp(`(?<![\\w-])${name.replace(/[^a-z0-9-]/g, "")}(?![\\w-])`).test(text);

/** The teams of the datasets that a lower-case text names: each dataset's teams begin with its name. */
export const teamsOfDatasets = (text: string, teams: readonly string[]): string[] => {
  const datasets = new Set(teams.map((team) => team.slice(0, Math.max(0, team.indexOf("/")))).filter((name) => name !== ""));
  const named = [...datasets].filter((name) => namesDataset(text, name));
  return teams.filter((team) => named.some((name) => team.startsWith(`${name}/`)));
};
