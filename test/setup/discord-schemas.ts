import { z } from "zod";
import { brokenLimits, refusedBySchema } from "../adapters/discord/wire-limits.ts";

/** Which of Discord's own schemas a request's body must fit, by method and path. */
const schemas: readonly (readonly [string, RegExp, string])[] = [
  ["POST", /^\/channels\/\d+\/messages$/, "MessageCreateRequest"],
  ["PATCH", /^\/channels\/\d+\/messages\/\d+$/, "MessageEditRequestPartial"],
  ["POST", /^\/channels\/\d+\/messages\/\d+\/threads$/, "CreateTextThreadWithMessageRequest"],
  ["POST", /^\/users\/@me\/channels$/, "CreatePrivateChannelRequest"],
  ["POST", /^\/webhooks\/\d+\/[^/]+$/, "IncomingWebhookInteractionRequest"],
  ["PATCH", /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/, "IncomingWebhookUpdateRequestPartial"],
];

const Body = z.looseObject({
  type: z.number().optional(),
  content: z.string().optional(),
  flags: z.number().optional(),
  components: z.array(z.unknown()).optional(),
  data: z.unknown().optional(),
});

/** Discord documents 2,000 characters, where its schema has 4,000; and a message of components has no content of its own. */
function brokenInMessage(raw: unknown): readonly string[] {
  const { content = "", flags = 0, components } = Body.parse(raw);
  const v2 = (flags & (1 << 15)) !== 0;
  return [
    ...(content.length > 2_000 ? [`${content.length} characters of content`] : []),
    ...(v2 && content !== "" ? ["content beside components"] : []),
    ...(!v2 && components !== undefined ? ["components without their flag"] : []),
    ...(components === undefined ? [] : brokenLimits(components)),
  ];
}

/** What Discord would refuse of an answer to an interaction, whether we post it or give it as the reply to its request. */
export function brokenCallback(raw: unknown): readonly string[] {
  const { type, data } = Body.parse(raw);
  if (type === 9) return refusedBySchema("ModalInteractionCallbackRequest", raw);
  if (type === 4) return [...refusedBySchema("CreateMessageInteractionCallbackRequest", raw), ...brokenInMessage(data)];
  return type === 1 || type === 5 || type === 6 ? [] : [`an answer of type ${type ?? "none"}`];
}

const Commands = z.array(z.looseObject({ default_member_permissions: z.string().nullable() }));

/** What Discord would refuse of a request, in words. */
export function brokenRequest(method: string, path: string, body: unknown): readonly string[] {
  if (/^\/interactions\/\d+\/[^/]+\/callback$/.test(path)) return brokenCallback(body);
  if (method === "PUT" && path.endsWith("/commands")) {
    return Commands.parse(body).flatMap(({ default_member_permissions: bits, ...command }) =>
      // Discord takes the permissions as text; its schema writes the number.
      refusedBySchema("ApplicationCommandUpdateRequest", { ...command, default_member_permissions: bits === null ? null : Number(bits) }),
    );
  }
  const schema = schemas.find(([of, pattern]) => of === method && pattern.test(path))?.[2];
  if (schema === undefined) return [];
  const isMessage = schema !== "CreateTextThreadWithMessageRequest" && schema !== "CreatePrivateChannelRequest";
  return [...refusedBySchema(schema, body), ...(isMessage ? brokenInMessage(body) : [])];
}
