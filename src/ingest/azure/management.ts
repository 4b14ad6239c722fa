import type { z } from "zod";
import { sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { settingAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { TokenAnswer } from "./wire.ts";

/** What an admin should do where Azure refuses the app registration. */
const azureRoles =
  "Give the app registration the roles Monitoring Reader and Cost Management Reader on the subscription, and check the tenant, the client id and that its secret has not run out. See docs/sources/azure.md.";

const spareMs = 5 * 60_000;

/** Calls of Azure Resource Manager in the name of a source's app registration. */
export interface AzureManagement {
  get<T>(path: string, what: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** All pages of a list. */
  pages<T extends { readonly nextLink?: string | null | undefined }>(
    path: string,
    what: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): AsyncIterable<T>;
  /** Posts a query; `path` is a path of ours or a link that Azure gave. `whenEmpty` is what an answer without a body stands for. */
  post<T>(
    path: string,
    query: { readonly body: string; readonly what: string; readonly whenEmpty: string },
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T>;
}

function signInCall({ settings }: SourceContext): ApiCall {
  const { tenantId = "", clientId = "", clientSecret = "" } = settings;
  if (!/^[A-Za-z0-9.-]{1,128}$/.test(tenantId))
    throw new AppError("bad_input", "The setting tenantId is not the id of an Entra tenant, nor its domain.");
  const form = {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${settingAddress(settings, "managementUrl")}/.default`,
  };
  return {
    url: new URL(`${settingAddress(settings, "loginUrl")}/${tenantId}/oauth2/v2.0/token`),
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
    what: "Microsoft's sign-in for apps",
    refused: azureRoles,
    refusedBy: [400],
  };
}

/** An address below the management endpoint. A link that leads elsewhere is refused: the token goes with it. */
function below(root: string, path: string): URL {
  const url = new URL(path, `${root}/`);
  if (url.origin === new URL(root).origin) return url;
  throw new AppError(
    "bad_input",
    `Azure gave a link to ${url.host} for its next page, which is not ${new URL(root).host}. Nothing was sent there.`,
  );
}

/** Signs app registrations in, and keeps each token until shortly before it runs out. */
function createTokens(api: ApiClient): (context: SourceContext, signal: AbortSignal) => Promise<string> {
  const kept = new Map<string, { readonly token: string; readonly until: number }>();
  return async (context, signal) => {
    signal.throwIfAborted();
    const call = signInCall(context);
    const credential = sha256(`${call.url.href}\n${call.body ?? ""}`);
    const known = kept.get(credential);
    if (known !== undefined && context.now().getTime() < known.until) return known.token;
    const answer = await api.json(call, TokenAnswer, signal);
    kept.set(credential, { token: answer.access_token, until: context.now().getTime() + answer.expires_in * 1_000 - spareMs });
    return answer.access_token;
  };
}

/** Opens Azure Resource Manager for sources, each in the name of its app registration. */
export function createAzureManagement(api: ApiClient): (context: SourceContext) => AzureManagement {
  const tokenOf = createTokens(api);
  return (context) => {
    const root = settingAddress(context.settings, "managementUrl");
    const call = async (path: string, what: string, signal: AbortSignal): Promise<ApiCall> => ({
      url: below(root, path),
      headers: { authorization: `Bearer ${await tokenOf(context, signal)}`, "content-type": "application/json" },
      what,
      refused: azureRoles,
      missing: "Check the settings subscriptionId, resourceGroup and resourceIds.",
    });
    const get: AzureManagement["get"] = async (path, what, schema, signal) => api.json(await call(path, what, signal), schema, signal);
    return {
      get,
      async *pages<T extends { readonly nextLink?: string | null | undefined }>(
        path: string,
        what: string,
        schema: z.ZodType<T>,
        signal: AbortSignal,
      ) {
        for (let next: string | null | undefined = path; next !== null && next !== undefined && next !== ""; ) {
          const page: T = await get(next, what, schema, signal);
          yield page;
          next = page.nextLink;
        }
      },
      async post(path, { body, what, whenEmpty }, schema, signal) {
        return api.json({ ...(await call(path, what, signal)), method: "POST", body, whenEmpty }, schema, signal);
      },
    };
  };
}
