import type { SettingForm } from "../core/conversation.ts";
import { assertNever } from "../core/errors.ts";
import { readZone } from "../core/zone.ts";
import { readAmount, readScope } from "./set-budget.ts";
import { readHour, readOn, readWeekday } from "./set-digest.ts";

function checkDigest({ on, weekday, hour, zone }: Readonly<Record<string, string>>): void {
  if (on !== undefined) readOn(on);
  if (weekday !== undefined) readWeekday(weekday);
  if (hour !== undefined) readHour(hour);
  if (zone !== undefined) readZone(zone);
}

/** Checks what a form says by itself, before anything is stored; an AppError "bad_input" quotes what is wrong and says what to write. */
export function checkSetting(form: SettingForm, values: Readonly<Record<string, string>>): void {
  switch (form) {
    case "digest":
      return checkDigest(values);
    case "budget":
      readScope(values);
      if (values["on"] !== "off") readAmount(values["amount"] ?? "");
      return undefined;
    default:
      return assertNever(form);
  }
}
