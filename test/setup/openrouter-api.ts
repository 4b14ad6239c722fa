import type { ApiAnswer, ApiRequest } from "./fake-api.ts";

/** What the stand-in of OpenRouter's API knows: rows of activity as they stand there. */
export interface OpenRouterAccount {
  readonly activity: readonly object[];
  readonly owner: string | null;
}

/** The key that the stand-in takes; one that begins with `openRouterCallKey` calls models, any other is wrong. */
export const openRouterKey = "sk-or-v1-standin-management-3d41";
export const openRouterCallKey = "sk-or-v1-calls";

const failure = (status: number, message: string): ApiAnswer => ({ status, body: { error: { code: status, message } } });

/** Answers as OpenRouter's API, by its reference (Analytics, API keys). Ours; it follows the documents, not the service. */
export const answerAsOpenRouter =
  ({ activity, owner }: OpenRouterAccount) =>
  ({ method, url, headers }: ApiRequest): ApiAnswer => {
    const key = headers.authorization?.replace("Bearer ", "");
    const calls = key?.startsWith(openRouterCallKey) === true;
    if (key !== openRouterKey && !calls) return failure(401, "Missing Authentication header");
    if (method === "GET" && url.pathname === "/api/v1/key")
      return {
        body: { data: { label: "sk-or-v1-sta...d41", is_management_key: !calls, is_provisioning_key: !calls, creator_user_id: owner } },
      };
    if (method !== "GET" || url.pathname !== "/api/v1/activity") return failure(404, "Not Found");
    if (calls) return failure(403, "Only management keys can fetch activity for an account");
    const grouped = url.searchParams.get("group_by") === "workspace";
    return { body: { data: activity.map((row) => (grouped ? { workspace_id: "ws_1", ...row } : row)) } };
  };
