import { randomUUID } from "node:crypto";
import type { ApiFamily } from "../core/gateway-config.ts";
import type { Carrier } from "./carrier.ts";
import type { Endpoint } from "./endpoint.ts";
import { served } from "./endpoints.ts";
import { createEventStream } from "./event-stream.ts";
import { withQuery } from "./request-target.ts";
import { callerDialects, providerDialects } from "./translation/dialects.ts";
import { translatingCarrier } from "./translation/translating-carrier.ts";

/** Within a family: the caller's own bytes there, the provider's own bytes back. */
const withinFamily = (endpoint: Endpoint): Carrier => ({
  family: endpoint.family,
  path: (call, model) => withQuery(endpoint.pathAt?.(call, model) ?? endpoint.path, call.query),
  request: endpoint.rewrite,
  answer: (_call, body) => {
    const facts = endpoint.readAnswer(body.toString("utf8"));
    return facts && { facts, body };
  },
  stream: (call) => {
    const { facts, errorEvent, ...reader } = endpoint.readEvents(call);
    return { ...createEventStream(reader), facts, errorEvent };
  },
  refusal: endpoint.family.refusalOf,
});

const within: ReadonlyMap<Endpoint, Carrier> = new Map(served.map((endpoint) => [endpoint, withinFamily(endpoint)]));

/** Between families: what is new with each answer is made here. */
const betweenFamilies = (endpoint: Endpoint, family: ApiFamily): Carrier | undefined => {
  const caller = callerDialects.get(endpoint);
  const stamp = () => ({ created: Math.floor(Date.now() / 1000), newId: () => randomUUID().replaceAll("-", "") });
  return caller && translatingCarrier(endpoint.family, caller, providerDialects[family], stamp);
};

/** Brings the calls of an endpoint to a provider that speaks the API of `family`; undefined where the gateway cannot. */
export const carrierFor = (endpoint: Endpoint, family: ApiFamily): Carrier | undefined =>
  endpoint.family.name === family ? within.get(endpoint) : betweenFamilies(endpoint, family);
