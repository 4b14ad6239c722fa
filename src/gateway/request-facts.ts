import type { IncomingMessage } from "node:http";
import type { GatewayKey } from "../core/gateway-config.ts";
import type { Endpoint } from "./endpoint.ts";
import { headerOf } from "./exchange.ts";
import type { Call } from "./json-call.ts";
import { listOf } from "./json-value.ts";
import type { RouteRequest } from "./route.ts";

const noTags: ReadonlyMap<string, string> = new Map();

/** The tags of a header "name=value, name=value"; a part that is no such pair is passed over. */
const tagsOf = (header: string): ReadonlyMap<string, string> => {
  if (header === "") return noTags;
  const pairs = header.split(",").map((pair) => pair.split("=", 2).map((part) => part.trim()));
  return new Map(pairs.flatMap(([name, value]) => (name && value !== undefined ? [[name, value] as const] : [])));
};

/** What a request says about itself, by its headers, its key and its body. */
export const describeRequest = (
  { endpoint, req, key }: { readonly endpoint: Endpoint; readonly req: Pick<IncomingMessage, "headers">; readonly key: GatewayKey },
  call: Call,
  id: string,
): RouteRequest => ({
  workload: headerOf(req, "x-apex-workload") || key.workload,
  model: call.model,
  conversation: headerOf(req, "x-apex-conversation"),
  user: headerOf(req, "x-apex-user") || call.user,
  id,
  task: headerOf(req, "x-apex-task"),
  tags: tagsOf(headerOf(req, "x-apex-tags")),
  bodyBytes: call.bytes.length,
  json: endpoint.text?.jsonAsked(call) !== undefined,
  tools: listOf(call.fields["tools"]).length > 0,
  stream: call.stream,
});
