import { AppError } from "../core/errors.ts";

/** The address in a setting, without slashes at its end; an AppError that names the setting where it is none. It may hold no password. */
export function settingAddress(settings: Readonly<Record<string, string>>, name: string): string {
  const text = settings[name] ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw new AppError(
      "bad_input",
      `The setting ${name} is not an address such as https://host: write it without a user, a query or a fragment.`,
    );
  return text.replace(/\/+$/, "");
}
