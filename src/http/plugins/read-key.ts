import type { FastifyRequest } from "fastify";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { ReadKeyStore } from "../../core/read-key.ts";

/** The key that a request brings: a bearer token, or the password that a browser asked for. */
function keyOf({ headers: { authorization = "" } }: FastifyRequest): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
  return basic === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(basic, "base64").toString("utf8"))?.[1];
}

/** The org whose spend a request may read; an AppError "unauthenticated" where it brings no key of one. */
export async function readerOf(
  request: FastifyRequest,
  keys: Pick<ReadKeyStore, "orgOf">,
): Promise<{ readonly id: Id<"org">; readonly name: string }> {
  const key = keyOf(request);
  const org = key === undefined || key.length > 200 ? undefined : await keys.orgOf(key);
  if (org !== undefined) return org;
  throw new AppError("unauthenticated", "The read key is missing or wrong. `apex read-key LABEL` makes one.");
}
