import type { Member } from "../core/conversation.ts";
import { type DigestSchedule, type DigestScheduleStore, weekdays } from "../core/digest-schedule.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import { readZone } from "../core/zone.ts";
import { noticePlace, type PlaceDeps, type PlaceRequest, placeText } from "./notice-place.ts";

export interface SetDigestDeps extends PlaceDeps {
  readonly schedules: Pick<DigestScheduleStore, "of" | "set">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
}

/** What someone who is known, or not, wants to set; a value that is left out stays as it is. */
export interface SettingRequest extends PlaceRequest {
  readonly member: Member | undefined;
  readonly values: Readonly<Record<string, string>>;
}

/** Who may set what is told unasked: a manager or an admin of this org; an AppError "forbidden" for everyone else. */
export function managerOf(member: Member | undefined, orgId: Id<"org">, what: string): Member {
  if (member !== undefined && member.orgId === orgId && member.role !== "member") return member;
  const role = member?.orgId === orgId ? `your role is ${member.role}` : "Apex does not know you as a member of this organisation";
  throw new AppError("forbidden", `Nothing was changed: only a manager or an admin may ${what}, and ${role}. Ask an admin.`);
}

/** Reads a weekday by its name, or by the first three letters of it or more. */
export const readWeekday = (text: string): number => {
  const wanted = text.trim().toLowerCase();
  const index = weekdays.findIndex((name) => name === wanted || (wanted.length >= 3 && name.startsWith(wanted)));
  if (index >= 0) return index;
  throw new AppError("bad_input", `"${text.slice(0, 40)}" is no weekday. Say monday, tuesday and so on.`);
};

/** Reads a whole hour. */
export const readHour = (text: string): number => {
  const hour = /^\d{1,2}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (hour >= 0 && hour <= 23) return hour;
  throw new AppError("bad_input", `"${text.slice(0, 40)}" is no hour. Say a whole hour from 0 to 23.`);
};

/** Reads on or off. */
export const readOn = (text: string): boolean => {
  if (text === "on" || text === "off") return text === "on";
  throw new AppError("bad_input", `"${text.slice(0, 40)}" is neither on nor off.`);
};

const titled = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The time of a schedule in words: "Monday at 9:00 (Europe/Berlin)". */
export const timeText = ({ weekday, hour, zone }: Pick<DigestSchedule, "weekday" | "hour" | "zone">): string =>
  `${titled(weekdays[weekday] ?? "")} at ${hour}:00 (${zone})`;

/** When a digest comes where nothing was said: on Monday at nine. */
export const usualTime = { weekday: 1, hour: 9 } as const;

/** Sets when and where a manager gets the weekly digest, or that they get none; says how it stands. An AppError where nothing was stored. */
export async function setDigest(deps: SetDigestDeps, request: SettingRequest): Promise<string> {
  const { orgId, values } = request;
  const member = managerOf(request.member, orgId, "set a digest");
  const stands = await deps.schedules.of(orgId, member.userId);
  const { weekday, hour, zone, on, place } = values;
  const time = {
    weekday: weekday === undefined ? (stands?.weekday ?? usualTime.weekday) : readWeekday(weekday),
    hour: hour === undefined ? (stands?.hour ?? usualTime.hour) : readHour(hour),
    zone: zone === undefined ? (stands?.zone ?? (await deps.settings.zoneOf(orgId))) : readZone(zone),
  };
  const active = on === undefined ? true : readOn(on);
  if (!active && stands === undefined) return "You get no weekly digest.";
  const keep = place === undefined || place === "as it is";
  const thread = stands !== undefined && keep ? stands.thread : await noticePlace(deps, request, keep ? "here" : place);
  await deps.schedules.set({ orgId, userId: member.userId, ...time, thread, active }, member.name);
  return active
    ? `Your weekly digest comes every ${timeText(time)}, to ${placeText(thread)}. Say \`digest off\` to stop it.`
    : "You get no weekly digest any more. Say `digest on` to have it back as it was.";
}
