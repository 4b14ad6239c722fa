import { z } from "zod";
import { unfolded } from "../admin-api.ts";

const Aliases = z.record(z.string(), z.json());

/** Settings of a team's router: of these only `model_group_alias` is ours, the others are kept as they are. */
const RouterSettings = z.preprocess(unfolded, z.record(z.string(), z.json()).nullish());

const models = z.array(z.string()).nullish();

/** What `GET /team/info` says of a team and its keys. */
export const TeamInfo = z.object({
  team_id: z.string(),
  team_info: z.object({ team_alias: z.string().nullish(), models, router_settings: RouterSettings }),
  keys: z.array(z.object({ key_alias: z.string().nullish(), key_name: z.string().nullish(), models })).nullish(),
});
export type TeamInfo = z.infer<typeof TeamInfo>;

/** What `GET /key/info` says of a key. */
export const KeyInfo = z.object({
  info: z.object({ key_alias: z.string().nullish(), models, aliases: Aliases.nullish() }),
});
export type KeyInfo = z.infer<typeof KeyInfo>;

/** A deployment as `GET /model/info` shows it: without its keys. */
export const Deployment = z.object({
  model_name: z.string(),
  litellm_params: z.record(z.string(), z.json()),
  /** `db_model` is false for what stands in the proxy's YAML, which its API cannot change. */
  model_info: z.object({ id: z.string(), db_model: z.boolean().nullish() }),
});
export type Deployment = z.infer<typeof Deployment>;

export const ModelInfo = z.object({ data: z.array(Deployment) });

/** The router's global settings; weights count only where it picks by `simple-shuffle`. */
export const RouterView = z.object({ current_values: z.object({ routing_strategy: z.string().nullish() }).nullish() });

/** An answer of which only that it came is of interest. */
export const Anything = z.json();
