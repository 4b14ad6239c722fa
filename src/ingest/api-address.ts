import { AppError } from "../core/errors.ts";

/**
 * An address below a source's base address. Arrays become repeated parameters: `group_by=a&group_by=b`. An AppError "bad_input"
 * where the base is no plain web address: a name or password in it would be told in errors.
 */
export function apiAddress(
  base: string,
  path: string,
  query: Readonly<Record<string, string | number | readonly string[] | undefined>> = {},
): URL {
  const refusal = "The setting baseUrl must be an http or https address, without a user name, a password or a query.";
  if (!URL.canParse(base)) throw new AppError("bad_input", refusal);
  const url = new URL(base);
  if (!/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== "")
    throw new AppError("bad_input", refusal);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}
