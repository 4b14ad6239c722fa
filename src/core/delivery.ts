import type { Card } from "./card.ts";
import type { Author, InboundEvent, MessageRef, Platform, SharedFile, ThreadKey } from "./conversation.ts";
import type { Form, FormRequest } from "./form.ts";
import type { Id } from "./ids.ts";
import type { NoticeView } from "./notice.ts";
import type { RunView } from "./run.ts";
import type { ShowingStore } from "./showing.ts";

/** The raw request as it came over the wire: signatures are over these bytes. */
export interface RawRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What became of a verified event: the run that it asks for, or why it was refused, for its sender to read. */
export type Heard =
  | { readonly type: "taken"; readonly runId: Id<"run"> | undefined; readonly duplicate: boolean }
  | { readonly type: "refused"; readonly why: string };

/** What became of the wish to fill in a form: the form, or why there is none, for whoever wished it to read. */
export type FormAnswer = { readonly type: "form"; readonly form: Form } | { readonly type: "refused"; readonly why: string };

/** Where an adapter takes what it hears. */
export interface Listener {
  hear(event: InboundEvent): Promise<Heard>;
  form(request: FormRequest): Promise<FormAnswer>;
}

/** What an adapter makes of a raw request. */
export type Reception =
  | {
      readonly type: "event";
      readonly event: InboundEvent;
      /** JSON text to answer with at once, where the platform shows one (a slash command's line). */
      readonly reply?: string;
      /** What is different in every genuine delivery, also of the same event: its signature. Seen again, it is a replay. */
      readonly proof?: string;
      /** JSON text to answer with where the event is refused, for the sender alone; absent: the sender is told by `tell`. */
      readonly refusal?: (why: string) => string;
      /** What is left to do once the platform has our reply; it throws nothing. */
      readonly afterwards?: (heard: Heard) => Promise<void>;
    }
  /** Someone wants to fill in a form. */
  | {
      readonly type: "form";
      readonly request: FormRequest;
      /** Shows it to them; JSON text to answer with, where the platform takes the form so. */
      readonly open: (form: Form) => Promise<string | undefined>;
      /** JSON text to answer with where there is no form for them; absent: they are told by `tell`. */
      readonly refusal?: (why: string) => string;
    }
  /** The platform wants this JSON text back at once (a handshake). */
  | { readonly type: "reply"; readonly body: string }
  /** Genuine, but nothing for us to do. */
  | { readonly type: "ignored"; readonly why: string };

/** One chat platform. `receive` verifies and parses, `render` is pure, `send` posts or edits. */
export interface PlatformAdapter<Payload> {
  readonly platform: Platform;
  /** Verifies and parses; an AppError "unauthenticated" for a bad, old or missing signature, "bad_input" for garbage. */
  receive(raw: RawRequest, now: Date): Promise<Reception>;
  /** Draws a card as this platform's message, within this platform's limits. */
  render(card: Card): Payload;
  /** Posts the payload into the thread, or edits `existing`; `about` is the card's. Transient failures are AppErrors with `retry`. */
  send(thread: ThreadKey, payload: Payload, existing: MessageRef | undefined, about: string): Promise<MessageRef>;
  /** Finds a message of ours about this that was posted but not recorded (a crash in between). */
  find(thread: ThreadKey, about: string): Promise<MessageRef | undefined>;
  /** Says something that only one person sees, or the nearest that the platform has. */
  tell(thread: ThreadKey, to: Author, text: string): Promise<void>;
  /** The conversation with one person alone; it is opened where there is none yet. */
  direct(to: Author): Promise<ThreadKey>;
  /**
   * Hears what comes over a connection of our own, for a platform that does not post to us, until the signal; answers by itself.
   * An AppError where the connection is refused.
   */
  readonly listen?: (listener: Listener, signal: AbortSignal) => Promise<void>;
  /** The platform's own roles that a person holds in their workspace at this moment; absent where the platform has none. */
  readonly rolesOf?: (author: Author) => Promise<readonly string[]>;
  /** Draws someone's home, the page that the platform gives each person with the bot; again in place of what is there. */
  readonly showHome?: (to: Author, card: Card) => Promise<void>;
  /** Offers questions to whoever began a thread, at most four. */
  readonly suggest?: (thread: ThreadKey, prompts: readonly Prompt[]) => Promise<void>;
  /** Names a thread after what it is about, where the platform shows names of threads. */
  readonly entitle?: (thread: ThreadKey, title: string) => Promise<void>;
  /** Opens a file that was shared in a thread, from its own platform and nowhere else; absent where files cannot be shared. An AppError says why not. */
  readonly openFile?: (file: SharedFile, signal: AbortSignal, thread: ThreadKey) => Promise<AsyncIterable<Uint8Array>>;
}

/** A question that is offered, and what stands on it. */
export interface Prompt {
  readonly title: string;
  readonly question: string;
}

/** An adapter whose payload type is known to itself alone. */
export type AnyPlatformAdapter = Omit<PlatformAdapter<unknown>, "render" | "send"> & {
  /** Renders and sends a card in one go. */
  post(thread: ThreadKey, card: Card, existing: MessageRef | undefined): Promise<MessageRef>;
  /** Shows how far a run is, or its report. */
  show(thread: ThreadKey, view: RunView, existing: MessageRef | undefined): Promise<MessageRef>;
  /** Shows a notice: a digest or an alert. */
  notify(thread: ThreadKey, view: NoticeView, existing: MessageRef | undefined): Promise<MessageRef>;
};

/** What has been shown of runs. */
export type DeliveryStore = ShowingStore<"run">;
