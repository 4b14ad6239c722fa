import type { Upstream } from "../../core/gateway-config.ts";
import type { StatedModel } from "../../core/supply.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";

/** One page of a provider's list of models, and the token of the next one. */
export interface ModelPage {
  readonly models: readonly StatedModel[];
  readonly next: string | undefined;
}

/** How a provider tells its models. */
export interface ModelListFormat {
  /** The address of a page, and the headers that it is asked for with. */
  ask(upstream: Upstream, next: string | undefined): Pick<ApiCall, "url" | "headers">;
  readonly parse: (client: ApiClient, call: ApiCall, signal: AbortSignal) => Promise<ModelPage>;
}
