import { jwtVerify } from "jose";
import { z } from "zod";
import type { RawRequest } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import type { TeamsAccess, TeamsConfig } from "./config.ts";
import { createOpenIdKeys } from "./open-id-keys.ts";

const issuer = "https://api.botframework.com";
/** How far a token's times may be off, in seconds. */
const toleranceSeconds = 5 * 60;

/** What a token vouches for. */
export interface Vouched {
  /** The service that the activity must name. */
  readonly serviceUrl: string;
  /** Channels that the signing key may speak for. */
  readonly channels: readonly string[];
}

/** Passes only requests of the Bot Framework to this bot: an AppError "unauthenticated" for any other. */
export type TeamsVerifier = (raw: RawRequest, now: Date) => Promise<Vouched | undefined>;

const refuse = (why: string, cause?: unknown): AppError =>
  new AppError("unauthenticated", `This request is not from the Bot Framework: ${why}. Check TEAMS_APP_ID and the server's clock.`, {
    cause,
  });

const Claims = z.object({ serviceurl: z.url() });

/** Microsoft's own services for bots in Teams. */
const trustedHosts = /^(smba\.trafficmanager\.net|([a-z0-9-]+\.)*(botframework\.com|teams\.microsoft\.com))$/;

const isLoopback = ({ hostname }: URL): boolean => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

/** Whether our token, or a message without one, may go to this service. */
export function isTrustedService(access: TeamsAccess, serviceUrl: string): boolean {
  if (!URL.canParse(serviceUrl)) return false;
  const url = new URL(serviceUrl);
  if (access.kind === "playground") return isLoopback(url) && url.port === new URL(access.url).port;
  return access.serviceOrigins.includes(url.origin) || (url.protocol === "https:" && url.port === "" && trustedHosts.test(url.hostname));
}

function verifyToken({ appId, access }: { readonly appId: string; readonly access: TeamsAccess & { kind: "cloud" } }): TeamsVerifier {
  const keys = createOpenIdKeys(access.openIdUrl);
  return async ({ headers }, now) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(headers["authorization"] ?? "")?.[1];
    if (token === undefined) throw refuse("its token is missing");
    let channels: readonly string[] = [];
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const found = kid === undefined ? undefined : await keys.find(kid, now);
          if (found === undefined) throw refuse("its token is signed with an unknown key");
          channels = found.endorsements;
          return found.key;
        },
        {
          issuer,
          audience: appId,
          algorithms: ["RS256"],
          clockTolerance: toleranceSeconds,
          currentDate: now,
          requiredClaims: ["exp", "nbf", "iss", "aud"],
        },
      );
      return { serviceUrl: Claims.parse(payload).serviceurl, channels };
    } catch (error) {
      throw error instanceof AppError ? error : refuse("its token is not good", error);
    }
  };
}

/** The playground knows no tokens. Only programs of this machine reach us then, and a web page that they show cannot send JSON unasked. */
const verifyNothing: TeamsVerifier = async ({ headers }) => {
  if (/^application\/json\b/i.test(headers["content-type"] ?? "")) return undefined;
  throw refuse("it is not JSON");
};

/** The verifier for how the Bot Framework is reached. */
export const createTeamsVerifier = ({ appId, access }: Pick<TeamsConfig, "appId" | "access">): TeamsVerifier =>
  access.kind === "playground" ? verifyNothing : verifyToken({ appId, access });

/** Refuses an activity of another service or channel than its token vouches for. */
export function checkVouched(
  vouched: Vouched | undefined,
  access: TeamsAccess,
  { serviceUrl, channelId }: { readonly serviceUrl: string; readonly channelId: string },
): void {
  const same = (a: string, b: string): boolean => a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
  if (vouched !== undefined && !same(vouched.serviceUrl, serviceUrl)) throw refuse("its token is for another service");
  if (vouched !== undefined && !vouched.channels.includes(channelId)) throw refuse("its token is for another channel");
  if (!isTrustedService(access, serviceUrl)) throw refuse("it names a service that is not trusted");
}
