import type { FastifyInstance, FastifyRequest } from "fastify";
import type { RawRequest } from "../../core/delivery.ts";

/** Within this scope bodies of any kind stay text, byte for byte as they came: signatures are over the bytes. */
export function keepRawBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

/** The request as it came over the wire; of a repeated header the first counts. */
export const rawRequest = (request: FastifyRequest): RawRequest => ({
  headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])),
  body: typeof request.body === "string" ? request.body : "",
});
