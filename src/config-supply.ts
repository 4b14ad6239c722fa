import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

/** The supply researcher's settings in the environment. */
export const supplyEnvironment = { APEX_PRICE_LISTS: optional, APEX_MODEL_LISTS: optional };

/** Where prices and models are read from. */
export interface SupplySettings {
  /** Published price lists at addresses, by the name of their format. */
  readonly lists: readonly { readonly list: string; readonly url: string }[];
  /** Whether the providers' own lists of models are read with the keys that the gateway has. */
  readonly modelLists: boolean;
}

function listAt(text: string): SupplySettings["lists"][number] {
  const at = text.indexOf("=");
  const [list, address] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1).trim()];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (list === "" || url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password !== "")
    throw new AppError(
      "not_configured",
      "APEX_PRICE_LISTS is wrong: write LIST=https://host/path, several with commas, without a name or password in the address.",
    );
  return { list, url: url.href };
}

/** Reads them; a wrong one is an AppError that says what to set. */
export function supplySettings(env: {
  readonly APEX_PRICE_LISTS?: string | undefined;
  readonly APEX_MODEL_LISTS?: string | undefined;
}): SupplySettings {
  const models = env.APEX_MODEL_LISTS ?? "on";
  if (models !== "on" && models !== "off") throw new AppError("not_configured", "APEX_MODEL_LISTS is wrong: set it to on or off.");
  return { lists: listOf(env.APEX_PRICE_LISTS ?? "").map(listAt), modelLists: models === "on" };
}
