import type { IncomingMessage } from "node:http";

/** Where a request was sent to. */
export interface RequestTarget {
  readonly path: string;
  /** The query string with its "?", without credentials; empty where nothing is left. Safe to pass on and to log. */
  readonly query: string;
  /** The key that the query string holds, as Google's API takes it; empty where there is none. */
  readonly key: string;
}

/** Query parameters in which Google's APIs take credentials. The caller's are for the gateway alone. */
const credentials = new Set(["key", "access_token", "oauth_token"]);

/** Takes the request line's address apart. */
export const targetOf = (req: IncomingMessage): RequestTarget => {
  const url = req.url ?? "";
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: "", key: "" };
  const parts = url.slice(mark + 1).split("&");
  const kept = parts.filter((part) => part !== "" && ![...new URLSearchParams(part).keys()].some((name) => credentials.has(name)));
  return {
    path: url.slice(0, mark),
    query: kept.length === 0 ? "" : `?${kept.join("&")}`,
    key: new URLSearchParams(url.slice(mark + 1)).get("key") ?? "",
  };
};

/** A segment of a path as it was meant; as it is where it is not well encoded. */
export const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** A path with a query string behind it, whether the path has one already or not. */
export const withQuery = (path: string, query: string): string =>
  query === "" || !path.includes("?") ? `${path}${query}` : `${path}&${query.slice(1)}`;
