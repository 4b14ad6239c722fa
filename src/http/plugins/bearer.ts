import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { AppError } from "../../core/errors.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Passes only requests with this bearer token; the comparison takes the same time whatever is sent. */
export function requireBearer(request: FastifyRequest, token: string): void {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (given !== undefined && token !== "" && timingSafeEqual(digest(given), digest(token))) return;
  throw new AppError("unauthenticated", "The token is missing or wrong.");
}
