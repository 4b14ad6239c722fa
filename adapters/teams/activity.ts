import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";

const Id = z.string().min(1).max(256);

/** Who sent an activity. `id` is how the service addresses them, the object id is who they are in their tenant. */
const Account = z.object({
  id: Id,
  name: z.string().nullish(),
  aadObjectId: z.string().max(128).nullish(),
  tenantId: z.string().max(128).nullish(),
});

/** What every activity says about itself. */
const Activity = z.object({
  type: z.string().max(64),
  id: z.string().max(512).nullish(),
  name: z.string().max(128).nullish(),
  channelId: z.string().max(64),
  serviceUrl: z.url().max(512),
  from: Account,
  recipient: Account,
  conversation: z.object({
    id: z.string().min(1).max(400),
    conversationType: z.string().nullish(),
    tenantId: z.string().max(128).nullish(),
  }),
  channelData: z.object({ tenant: z.object({ id: z.string().max(128) }).nullish(), eventType: z.string().nullish() }).nullish(),
  text: z.string().nullish(),
  entities: z.array(z.unknown()).nullish(),
  attachments: z.array(z.unknown()).nullish(),
  value: z.unknown().optional(),
  action: z.string().nullish(),
  replyToId: z.string().max(512).nullish(),
  membersAdded: z.array(z.object({ id: Id })).nullish(),
  membersRemoved: z.array(z.object({ id: Id })).nullish(),
});
export type Activity = z.infer<typeof Activity>;

/** Parses with the schema, or says in a sentence what of the Bot Framework's payload does not fit. */
export function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError(
    "bad_input",
    `The Bot Framework's ${what} cannot be read: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
    {
      cause: result.error,
    },
  );
}

/** The activity in a request's body. */
export function activityOf(body: string): Activity {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new AppError("bad_input", "This request of the Bot Framework's cannot be read: it is not JSON.", { cause });
  }
  return read(Activity, json, "activity");
}

/** The tenant that an activity belongs to; empty where it names none. */
export const tenantOf = ({ channelData, conversation }: Activity): string => channelData?.tenant?.id ?? conversation.tenantId ?? "";
