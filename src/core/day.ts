import { z } from "zod";

/** The start of a UTC day that is written YYYY-MM-DD; undefined where there is no such day. */
export const dayStart = (text: string): Date | undefined => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? at : undefined;
};

/** The UTC day that a moment lies in, written YYYY-MM-DD. */
export const dayText = (at: Date): string => at.toISOString().slice(0, 10);

/** A day that there is, written YYYY-MM-DD; it becomes the start of that UTC day. */
export const Day = z.string().transform((text, context) => {
  const at = dayStart(text);
  if (at !== undefined) return at;
  context.addIssue({ code: "custom", message: `"${text.slice(0, 40)}" is not a day: write one that there is, like 2026-03-01` });
  return z.NEVER;
});
