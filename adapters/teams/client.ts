import type { TeamsAdapter } from "@microsoft/teams-ai";
import type { Activity, TurnContext } from "botbuilder";
import { z } from "zod";
import type { ConversationReference } from "../../src/core/conversation-reference.ts";
import { AppError } from "../../src/core/errors.ts";
import { type AccessToken, createAccessToken } from "./access-token.ts";
import type { TeamsConfig } from "./config.ts";
import { refusalOf, silenceOf } from "./errors.ts";

/** Where an activity goes: a conversation that was met, and which thread of it. */
export interface TeamsPlace {
  readonly reference: Pick<ConversationReference, "serviceUrl" | "botId" | "kind">;
  /** In the service's own terms, with the thread. */
  readonly conversationId: string;
}

/** The Bot Framework's connector: every call ends in time, none is repeated by itself, and what fails is an AppError. */
export interface TeamsApi {
  /** Posts an activity; gives its id, empty where the service gives none. */
  post(place: TeamsPlace, activity: Partial<Activity>): Promise<string>;
  edit(place: TeamsPlace, id: string, activity: Partial<Activity>): Promise<void>;
  /** Opens, or finds, the conversation with one person; gives its id. */
  open(reference: TeamsPlace["reference"], person: { readonly address: string; readonly tenant: string }): Promise<string>;
}

type Options = ConstructorParameters<typeof TeamsAdapter>;
type Credentials = NonNullable<Options[1]>;
type ConversationParameters = Parameters<TeamsAdapter["createConversationAsync"]>[4];
type HttpClient = NonNullable<NonNullable<Options[3]>["httpClient"]>;

/** Kinds of conversations in the service's own words. */
const types = { personal: "personal", group: "groupChat", channel: "channel" } as const;

/** A call to Teams ends within this; a lease of a delivery must outlast two of them. */
const callTimeoutMs = 3_500;

const doing = { POST: "post the message", PUT: "edit the message" } as const;

const Streamed = z.looseObject({ channelData: z.looseObject({ streamType: z.string() }) });

/** The SDK's serializer keeps nothing of an entity but its type: what a stream says about itself is put back from its channel data. */
function wholeBody(body: string): string {
  const streamed = Streamed.safeParse(body.includes('"streamType"') ? JSON.parse(body) : undefined).data;
  if (streamed === undefined) return body;
  const { streamType, streamId, streamSequence } = streamed.channelData;
  return JSON.stringify({ ...streamed, entities: [{ type: "streaminfo", streamType, streamId, streamSequence }] });
}

/**
 * Carries the SDK's requests. Its own pipeline repeats posts after failures, but only after failures of its own kind: what
 * this throws goes straight to the caller.
 */
const transport: HttpClient = {
  async sendRequest(request) {
    const what = request.method === "PUT" ? doing.PUT : doing.POST;
    const body: unknown = request.body;
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: request.headers.rawHeaders(),
        ...(typeof body === "string" ? { body: wholeBody(body) } : {}),
        redirect: "manual",
        signal: AbortSignal.timeout(callTimeoutMs),
      });
      const bodyAsText = await response.text();
      if (!response.ok) {
        throw refusalOf({ status: response.status, body: bodyAsText, retryAfter: response.headers.get("retry-after") }, what);
      }
      const headers = request.headers.clone();
      headers.set("content-type", response.headers.get("content-type") ?? "application/json");
      return { request, status: response.status, headers, bodyAsText };
    } catch (error) {
      throw silenceOf(error, what);
    }
  },
};

/** Signs the SDK's requests with our own tokens, whose sign-in ends in time; without a token for the playground. */
const credentialsOf = (token: AccessToken | undefined, appId: string): Credentials => ({
  isValidAppId: async (id: string) => id === appId,
  isAuthenticationDisabled: async () => token === undefined,
  createCredentials: async () => ({
    async signRequest(request) {
      if (token !== undefined) request.headers.set("authorization", `Bearer ${await token()}`);
      return request;
    },
  }),
});

/** The SDK's type asks for parts that only conversations with many people have. */
const Parameters = z.custom<ConversationParameters>();

const audience = "https://api.botframework.com";

/** The SDK, loaded with the first call, since it is large and most commands never use it. */
function lazyAdapter({ appId, access }: Pick<TeamsConfig, "appId" | "access">): () => Promise<TeamsAdapter> {
  const token = access.kind === "cloud" ? createAccessToken(access, appId) : undefined;
  let made: Promise<TeamsAdapter> | undefined;
  return () => {
    made ??= import("@microsoft/teams-ai/lib/TeamsAdapter.js").then(
      (sdk) => new sdk.TeamsAdapter({ MicrosoftAppId: appId }, credentialsOf(token, appId), undefined, { httpClient: transport }),
    );
    return made;
  };
}

/** Calls Teams. */
export function createTeamsApi(config: Pick<TeamsConfig, "appId" | "access">): TeamsApi {
  const { appId } = config;
  const adapter = lazyAdapter(config);
  /** In a turn of its own, but not as a reply: the SDK would answer a message that there is not. */
  const within = async (
    { reference, conversationId }: TeamsPlace,
    activity: Partial<Activity>,
    work: (adapter: TeamsAdapter, context: TurnContext, activity: Partial<Activity>) => Promise<void>,
  ): Promise<void> => {
    const conversation = { id: conversationId, isGroup: reference.kind !== "personal", conversationType: types[reference.kind], name: "" };
    const [from, { serviceUrl }] = [{ id: reference.botId, name: "" }, reference];
    const place = { channelId: "msteams", serviceUrl, conversation };
    const sdk = await adapter();
    await sdk.continueConversationAsync(appId, { ...place, bot: from }, (context) => work(sdk, context, { ...activity, ...place, from }));
  };
  return {
    async post(place, activity) {
      let id = "";
      await within(place, activity, async (sdk, context, whole) => {
        id = (await sdk.sendActivities(context, [whole]))[0]?.id ?? "";
      });
      return id;
    },
    async edit(place, id, activity) {
      await within(place, { ...activity, id }, async (sdk, context, whole) => {
        await sdk.updateActivity(context, whole);
      });
    },
    async open({ serviceUrl, botId }, { address, tenant }) {
      let id = "";
      const about = { bot: { id: botId, name: "" }, members: [{ id: address, name: "" }], channelData: { tenant: { id: tenant } } };
      const parameters = Parameters.parse({ ...about, isGroup: false, tenantId: tenant });
      await (await adapter()).createConversationAsync(appId, "msteams", serviceUrl, audience, parameters, async (context) => {
        id = context.activity.conversation.id;
      });
      if (id === "") throw new AppError("provider_down", "Teams opened a conversation without saying which.");
      return id;
    },
  };
}
