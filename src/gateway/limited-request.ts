import type { ServerResponse } from "node:http";
import type { ApiFamily, GatewayKey } from "../core/gateway-config.ts";
import type { Target } from "../core/policy.ts";
import type { SizedCall } from "./estimate.ts";

/** A request that is about to be sent on. */
export interface LimitedRequest {
  readonly key: GatewayKey;
  readonly family: ApiFamily;
  readonly call: SizedCall;
  /** Where it goes; a budget is held to the price of this model. */
  readonly target: Target;
  /** False where the request costs nothing. */
  readonly metered: boolean;
  /** False where the model gives vectors and no text. */
  readonly answersText: boolean;
  /** When the request came. */
  readonly at: Date;
  /** Gets the headers that say how the limits stand. */
  readonly res: ServerResponse;
}
