import { importPKCS8, SignJWT } from "jose";
import { sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { settingAddress } from "../address.ts";
import type { ApiClient } from "../api-client.ts";
import { ServiceAccountKey, TokenAnswer } from "./wire.ts";

/** What an admin should do where Google refuses the service account. */
export const googleRoles =
  "Give the service account roles/bigquery.dataViewer on the dataset of the billing export and roles/bigquery.jobUser on its project, and check that its key was not deleted. See docs/sources/gemini.md.";

const scope = "https://www.googleapis.com/auth/bigquery.readonly";
const lifeSeconds = 3_600;
/** A token is not used in its last minutes, so that it does not run out under a call. */
const spareMs = 5 * 60_000;

/** The key in the setting; an AppError that does not show it where it is none. */
function keyOf(text: string): ServiceAccountKey {
  const refuse = (): never => {
    throw new AppError("unauthenticated", `The setting serviceAccount is not the JSON key of a Google service account. ${googleRoles}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse();
  }
  const key = ServiceAccountKey.safeParse(value);
  return key.success ? key.data : refuse();
}

/** A signed claim to be the service account (RFC 7523), as Google's OAuth guide for service accounts describes it. */
async function assertion(key: ServiceAccountKey, tokenUrl: string, now: Date): Promise<string> {
  const issued = Math.floor(now.getTime() / 1_000);
  try {
    return await new SignJWT({ scope })
      .setProtectedHeader({ alg: "RS256", kid: key.private_key_id, typ: "JWT" })
      .setIssuer(key.client_email)
      .setAudience(tokenUrl)
      .setIssuedAt(issued)
      .setExpirationTime(issued + lifeSeconds)
      .sign(await importPKCS8(key.private_key, "RS256"));
  } catch {
    throw new AppError("unauthenticated", `The private key in the setting serviceAccount cannot be used. ${googleRoles}`);
  }
}

/** Signs service accounts in, and keeps each token until shortly before it runs out. */
export function createGoogleTokens(api: ApiClient): (context: SourceContext, signal: AbortSignal) => Promise<string> {
  const kept = new Map<string, { readonly token: string; readonly until: number }>();
  return async ({ settings, now }, signal) => {
    signal.throwIfAborted();
    const tokenUrl = settingAddress(settings, "tokenUrl");
    const credential = sha256(`${tokenUrl}\n${settings["serviceAccount"] ?? ""}`);
    const known = kept.get(credential);
    if (known !== undefined && now().getTime() < known.until) return known.token;
    const body = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: await assertion(keyOf(settings["serviceAccount"] ?? ""), tokenUrl, now()),
    });
    const call = {
      url: new URL(tokenUrl),
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: body.toString(),
      what: "Google's sign-in for service accounts",
      refused: googleRoles,
      refusedBy: [400],
    } as const;
    const answer = await api.json(call, TokenAnswer, signal);
    kept.set(credential, { token: answer.access_token, until: now().getTime() + answer.expires_in * 1_000 - spareMs });
    return answer.access_token;
  };
}
