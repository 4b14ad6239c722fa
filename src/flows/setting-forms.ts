import type { Budget } from "../core/budget.ts";
import { type DigestSchedule, weekdays } from "../core/digest-schedule.ts";
import type { Form, FormField } from "../core/form.ts";
import { type PicoUsd, toUsd } from "../core/money.ts";
import type { Zone } from "../core/zone.ts";
import { placeText } from "./notice-place.ts";
import { longestName } from "./set-budget.ts";
import { usualTime } from "./set-digest.ts";

type Options = readonly (readonly [value: string, label: string])[];

const choice = (name: string, label: string, options: Options, initial: string): FormField => ({
  type: "choice",
  name,
  label,
  options: options.map(([value, text]) => ({ value, label: text })),
  initial,
});

const text = (name: string, label: string, most: number, initial: string, required = true): FormField => ({
  type: "text",
  name,
  label,
  multiline: false,
  required,
  most,
  initial,
});

const days: Options = weekdays.map((name) => [name, `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`]);
const hours: Options = Array.from({ length: 24 }, (_, hour) => [String(hour), `${hour}:00`]);
const places: Options = [
  ["here", "This channel"],
  ["me", "A direct message to me"],
];
const yesNo: Options = [
  ["on", "Yes"],
  ["off", "No"],
];

/** The form that sets a person's digest, holding what stands; `zone` is the org's, for who has set none. */
export function digestForm(about: string, stands: DigestSchedule | undefined, zone: Zone): Form {
  const { weekday, hour } = stands ?? usualTime;
  const where: Options = stands === undefined ? places : [["as it is", `As it is: ${placeText(stands.thread)}`], ...places];
  return {
    name: "digest",
    about,
    title: "Weekly digest",
    submit: "Save",
    fields: [
      choice("on", "Send it?", yesNo, stands?.active === false ? "off" : "on"),
      choice("weekday", "Day", days, weekdays[weekday] ?? ""),
      choice("hour", "Hour", hours, String(hour)),
      text("zone", "Time zone (such as Europe/Berlin)", 64, stands?.zone ?? zone),
      choice("place", "Where", where, stands === undefined ? "here" : "as it is"),
    ],
  };
}

const scopes: Options = [
  ["org", "Everything"],
  ["workload", "One workload"],
  ["team", "One team"],
];

/** Dollars and cents of an amount, as they are typed. */
const typed = (amount: PicoUsd): string => toUsd(amount).slice(0, -10).replace(/\.00$/, "");

/** The form that sets a budget, holding the org's own. */
export function budgetForm(about: string, own: Budget | undefined): Form {
  return {
    name: "budget",
    about,
    title: "Monthly budget",
    submit: "Save",
    fields: [
      text("amount", "USD a month", 20, own === undefined ? "" : typed(own.monthly)),
      choice("scope", "For", scopes, "org"),
      text("name", "Which workload or team", longestName, "", false),
      choice("place", "Alerts go", [...places, ["alerts", "Where other alerts go"]], "here"),
      choice("on", "Keep this budget?", yesNo, "on"),
    ],
  };
}
