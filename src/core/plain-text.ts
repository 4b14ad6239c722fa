/** Characters that steer a terminal, turn the reading direction or belong to no text at all; text from outside never keeps them. */
const steering = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;

/** Text with control and direction characters and broken ones taken out; line breaks and tabs stay. */
export const plain = (text: string): string => text.replace(/\r\n?/g, "\n").replace(steering, "");

/** Plain text on one line. */
export const oneLine = (text: string): string => plain(text).replace(/\s+/g, " ").trim();

/** Cuts to at most `max` UTF-16 units, ending with "…" where something was cut, and never inside a character. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, Math.max(0, max - 1));
  const whole = /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
  return max > 0 ? `${whole.trimEnd()}…` : "";
}
