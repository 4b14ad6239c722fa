import { AppError } from "../core/errors.ts";

/** The address in a setting, without slashes at its end; an AppError that names the setting where it is none: a name or password in it would be told in errors. */
export function settingAddress(settings: Readonly<Record<string, string>>, name: string): string {
  const text = settings[name] ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== "")
    throw new AppError(
      "bad_input",
      `The setting ${name} is not an address such as https://host: write it without a user, a query or a fragment.`,
    );
  return text.replace(/\/+$/, "");
}

/** An address below the base address of a source. Arrays become repeated parameters: `group_by=a&group_by=b`. */
export function apiAddress(
  settings: Readonly<Record<string, string>>,
  path: string,
  query: Readonly<Record<string, string | number | readonly string[] | undefined>> = {},
): URL {
  const url = new URL(`${settingAddress(settings, "baseUrl")}/${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}
