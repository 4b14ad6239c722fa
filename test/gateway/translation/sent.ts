import { carrierFor } from "../../../src/gateway/carriers.ts";
import type { Endpoint } from "../../../src/gateway/endpoint.ts";
import { callOf } from "./arbitraries.ts";

/** The body that a provider of another family gets for a call. */
export const sent = (endpoint: Endpoint, family: "openai" | "anthropic" | "gemini", body: object, model: string, stream = false): unknown =>
  JSON.parse(carrierFor(endpoint, family)?.request(callOf(body, stream), model).toString("utf8") ?? "null");
