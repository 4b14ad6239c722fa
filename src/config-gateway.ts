import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

/** The gateway's settings in the environment. */
export const gatewayEnvironment = { APEX_TRUSTED_UPSTREAMS: optional };

/** Checks an address of a provider: http or https, and without a name or password, which would stand in logs. */
export function checkUpstream(setting: string, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === "") return address;
  throw new AppError(
    "not_configured",
    `${setting} holds an address that cannot be used: write it as https://host/path, without a name or password.`,
  );
}

/** Addresses that the gateway may send requests to though they are private or not https, separated by commas. */
export const trustedUpstreams = ({
  APEX_TRUSTED_UPSTREAMS: text = "",
}: {
  readonly APEX_TRUSTED_UPSTREAMS?: string | undefined;
}): readonly string[] => listOf(text).map((address) => checkUpstream("APEX_TRUSTED_UPSTREAMS", address));
