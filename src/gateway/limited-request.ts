import type { ServerResponse } from "node:http";
import type { ApiFamily, GatewayKey } from "../core/gateway-config.ts";
import type { Target } from "../core/strategy.ts";
import type { SizedCall } from "./estimate.ts";

/** A request that is about to be sent on. */
export interface LimitedRequest {
  readonly key: GatewayKey;
  readonly family: ApiFamily;
  readonly call: SizedCall;
  /** Every target that it may be sent to; a budget is held to the prices of them all. */
  readonly targets: readonly Target[];
  /** False where the request costs nothing. */
  readonly metered: boolean;
  /** False where the model gives vectors and no text. */
  readonly answersText: boolean;
  /** When the request came. */
  readonly at: Date;
  /** Gets the headers that say how the limits stand. */
  readonly res: ServerResponse;
}
