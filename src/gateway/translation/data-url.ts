import type { Source } from "./prompt.ts";

const dataUrl = /^data:([^;,]+);base64,/i;

/** Where a URL leads: a data URL holds the thing itself. */
export const sourceOf = (url: string): Source => {
  const match = dataUrl.exec(url);
  return match?.[1] === undefined
    ? { kind: "url", url }
    : { kind: "base64", mediaType: match[1].toLowerCase(), data: url.slice(match[0].length) };
};

/** A URL of a source; what is in the request becomes a data URL. */
export const urlOf = (source: Source): string => (source.kind === "url" ? source.url : `data:${source.mediaType};base64,${source.data}`);
