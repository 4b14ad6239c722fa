import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayKey } from "../core/gateway-config.ts";
import type { RoutingDecision } from "../core/policy.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ClientWatch } from "./exchange.ts";
import type { Arrival, Call } from "./json-call.ts";
import type { RouteRequest } from "./route.ts";
import type { OrgSettings } from "./snapshot.ts";

/** One authenticated request. */
export interface CallExchange {
  readonly endpoint: Endpoint;
  /** What the request's address says besides its path. */
  readonly named: Omit<Arrival, "bytes">;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly key: GatewayKey;
  readonly org: OrgSettings;
}

/** A request on its way through the gateway: what it asks, and what was decided about it. */
export interface Passage extends CallExchange {
  readonly id: string;
  readonly at: Date;
  /** On the clock of `performance.now`. */
  readonly startedAt: number;
  readonly call: Call;
  readonly client: ClientWatch;
  readonly request: RouteRequest;
  readonly decision: RoutingDecision;
  /** The hash of the prompt, reckoned when it is first asked for. */
  readonly promptHash: () => string;
}
