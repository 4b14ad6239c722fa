/** Where something is said or pressed, and by whom. */
export interface TeamsPlaceOf {
  readonly serviceUrl: string;
  readonly tenant: string;
  readonly conversation: string;
  readonly kind: "personal" | "groupChat" | "channel";
  /** Entra object id. */
  readonly user: string;
  readonly name?: string;
}

export const bot = { id: "28:11111111-2222-4333-8444-555555555555", name: "Apex" };

/** How the service addresses a person. */
export const addressOf = (user: string): string => `29:${user}`;

const envelope = ({ serviceUrl, tenant, conversation, kind, user, name = "Alice" }: TeamsPlaceOf, id: string) => ({
  id,
  channelId: "msteams",
  serviceUrl,
  timestamp: "2026-11-24T12:00:00.000Z",
  from: { id: addressOf(user), name, aadObjectId: user },
  recipient: bot,
  conversation: { id: conversation, conversationType: kind, tenantId: tenant, ...(kind === "personal" ? {} : { isGroup: true }) },
  channelData: { tenant: { id: tenant } },
});

/** A message that calls the bot, as Teams writes it. */
export const message = (place: TeamsPlaceOf, text: string, id: string, over: object = {}) => {
  const called = place.kind === "personal" ? "" : "<at>Apex</at> ";
  const entities = called === "" ? [] : [{ type: "mention", text: "<at>Apex</at>", mentioned: bot }];
  return { type: "message", ...envelope(place, id), text: `${called}${text}`, textFormat: "plain", entities, ...over };
};

/** A press of a card's button. `drawing` is the number of the card's drawing that stands in the button's id. */
export const execute = (place: TeamsPlaceOf, verb: string, data: object, id: string, drawing = 1) => ({
  type: "invoke",
  name: "adaptiveCard/action",
  ...envelope(place, id),
  replyToId: "m1",
  value: { action: { type: "Action.Execute", id: `${verb}-${drawing}-v${drawing}`, title: verb, verb, data }, trigger: "manual" },
});

/** A press by a client that does not know Action.Execute. */
export const submit = (place: TeamsPlaceOf, value: object, id: string) => ({
  type: "message",
  ...envelope(place, id),
  replyToId: "m1",
  value,
});

/** Any other activity. */
export const activity = (place: TeamsPlaceOf, type: string, id: string, over: object) => ({ type, ...envelope(place, id), ...over });
