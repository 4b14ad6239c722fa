import type { SettingForm } from "./conversation.ts";
import { weekdays } from "./digest-schedule.ts";

/** What someone wants to set, in words, as the form for it would say it. Values are as they were typed. */
export interface SettingWords {
  readonly what: SettingForm;
  readonly values: Readonly<Record<string, string>>;
}

const places: Readonly<Partial<Record<string, string>>> = { here: "here", me: "me", dm: "me" };
const fillers: ReadonlySet<string> = new Set(["weekly", "every", "on", "at", "in", "to"]);

const placeIn = (words: readonly string[]): { readonly rest: readonly string[]; readonly place: Record<string, string> } => {
  const last = places[words.at(-1)?.toLowerCase() ?? ""];
  return last === undefined ? { rest: words, place: {} } : { rest: words.slice(0, -1), place: { place: last } };
};

const isDay = (word: string | undefined): boolean =>
  word !== undefined &&
  word.length >= 3 &&
  weekdays.some((name) => name.startsWith(word.toLowerCase()) || `${name}s` === word.toLowerCase());

/** "digest weekly monday 9 Europe/Berlin here", "digest off". */
function digestWords(words: readonly string[]): SettingWords | undefined {
  const [first = ""] = words;
  const switched = first.toLowerCase();
  if (words.length === 1 && (switched === "off" || switched === "on" || switched === "stop")) {
    return { what: "digest", values: { on: switched === "on" ? "on" : "off" } };
  }
  const { rest, place } = placeIn(words);
  if (rest.length === 0 && place["place"] !== undefined) return { what: "digest", values: place };
  const said = rest.filter((word) => !fillers.has(word.toLowerCase()));
  if (switched !== "weekly" && switched !== "every" && !isDay(said[0])) return undefined;
  const [weekday, hour, ...zone] = said;
  const values = {
    ...(weekday === undefined ? {} : { weekday: weekday.toLowerCase().replace(/days$/, "day") }),
    ...(hour === undefined ? {} : { hour: hour.replace(/:00$/, "") }),
    ...(zone.length === 0 ? {} : { zone: zone.join(" ") }),
  };
  return { what: "digest", values: { ...values, ...place } };
}

/** "5000", "5000 for team search", "off for workload chat". */
function budgetWords(text: string): SettingWords | undefined {
  const [, amount = "", rest = ""] = /^(off|[-+$]?[\d.,]+\S*(?: usd)?)(?: (?:a|per) month)?(?: (.*))?$/i.exec(text) ?? [];
  if (amount === "") return undefined;
  const [, scope, named] = /^for (?:the )?(workload|team) (.+)$/i.exec(rest) ?? [];
  const { rest: name, place } = placeIn((named ?? "").split(" "));
  if (rest !== "" && scope === undefined && places[rest.toLowerCase()] === undefined) return undefined;
  const own =
    scope === undefined
      ? { place: places[rest.toLowerCase()] ?? "here" }
      : { place: "here", ...place, scope: scope.toLowerCase(), name: name.join(" ") };
  return { what: "budget", values: amount.toLowerCase() === "off" ? { ...own, on: "off" } : { ...own, amount } };
}

/** What a text sets; undefined where it sets nothing. The text has no name of Apex before it and no marks after it. */
export function settingIn(text: string): SettingWords | undefined {
  const [, what, said = ""] = /^(?:set (?:the |a |my )?)?(digest|budget)(?: (?:to |of )?(.+))?$/i.exec(text) ?? [];
  if (what === undefined || said === "") return undefined;
  return what.toLowerCase() === "digest" ? digestWords(said.split(" ")) : budgetWords(said);
}
