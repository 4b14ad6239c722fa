import { readSpan } from "./day-span.ts";
import { AppError } from "./errors.ts";
import { readDimensions } from "./read-dimensions.ts";
import { readZone } from "./zone.ts";

/** What a link leads to, in words without any figure: whoever sees them may not be allowed to see the page. */
export interface PageLink {
  readonly title: string;
  readonly text: string;
}

const spendParameters = ["from", "to", "by", "zone"] as const;

/** A spend page in words; an AppError "bad_input" where the page itself would refuse the address. */
function spendLink(parameters: URLSearchParams, now: Date): PageLink {
  const given = Object.fromEntries(spendParameters.map((name) => [name, parameters.get(name) ?? undefined]));
  if ([...parameters.keys()].length !== Object.values(given).filter((value) => value !== undefined).length)
    throw new AppError("bad_input", "The address takes from, to, by and zone, each once.");
  const { from, to, zone } = given;
  const by = readDimensions(given["by"]);
  readSpan({ from, to }, zone === undefined ? "UTC" : readZone(zone), now);
  const span = from === undefined && to === undefined ? "this month" : `${from ?? "the start of the month"} to ${to ?? "today"}`;
  return {
    title: `AI spend, ${span}${by.length === 0 ? "" : `, by ${by.join(" and ")}`}`,
    text: "The page asks for a read key of your organisation. Or ask Apex here: the answer has the same figures.",
  };
}

/** What an address leads to, where it is a page of ours at `publicUrl`; undefined for every other address. */
export function pageLinkOf(address: string, publicUrl: string, now: Date): PageLink | undefined {
  if (!URL.canParse(address)) return undefined;
  const [url, ours] = [new URL(address), new URL(publicUrl)];
  const path = new URL("spend", publicUrl.endsWith("/") ? publicUrl : `${publicUrl}/`).pathname;
  if (url.origin !== ours.origin || url.pathname !== path || url.username !== "" || url.password !== "") return undefined;
  try {
    return spendLink(url.searchParams, now);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
