import type { Platform } from "./conversation.ts";
import type { Id } from "./ids.ts";

/** What a platform's sign-in gave: the token, and where tokens are rotated what the next one is had with. */
export interface ChatTokens {
  readonly token: string;
  readonly refreshToken: string | null;
  /** When the token stops working; null where it does not. */
  readonly expiresAt: Date | null;
}

/** The bot as it is installed in one workspace, or in every workspace of an enterprise. Holds secrets: never log it. */
export interface ChatInstallation extends ChatTokens {
  readonly platform: Platform;
  /** The workspace; where the installation is for a whole enterprise, the enterprise. */
  readonly workspace: string;
  /** The enterprise that the workspace belongs to, where it belongs to one. */
  readonly enterprise: string | null;
  readonly enterpriseWide: boolean;
  /** The bot's own user id. */
  readonly botUserId: string;
  readonly scopes: readonly string[];
}

/** What is known of a workspace: installed, installed once and gone, or never installed this way. */
export type InstallationState =
  | { readonly kind: "installed"; readonly installation: ChatInstallation }
  | { readonly kind: "gone" }
  | { readonly kind: "unknown" };

/** Installations with their tokens, sealed. */
export interface ChatInstallationStore {
  /** Stores an installation for an org; a later one of the same workspace takes its place. */
  save(orgId: Id<"org">, installation: ChatInstallation): Promise<void>;
  find(platform: Platform, workspace: string): Promise<InstallationState>;
  /**
   * Replaces the tokens while nobody else can: `refresh` is asked with the stored installation inside the lock, and may
   * say undefined where it need not be replaced after all. Gives what is stored then.
   */
  rotate(
    platform: Platform,
    workspace: string,
    refresh: (stored: ChatInstallation) => Promise<ChatTokens | undefined>,
  ): Promise<InstallationState>;
  /** Marks what was installed before `at` as gone and erases its tokens; twice is the same as once. */
  remove(platform: Platform, workspace: string, at: Date): Promise<void>;
}

/** Sign-ins that have ended, each by the hash of its state: a state is good once. */
export interface SignInStore {
  /** Uses a state up; false where it was used before. It is remembered until `expiresAt`, after which it is refused anyway. */
  use(hash: string, expiresAt: Date): Promise<boolean>;
}

/** Who installed the bot and where, as the platform vouches for it. */
export interface NewInstallation {
  readonly installation: ChatInstallation;
  readonly installer: { readonly userId: string; readonly name: string };
  readonly workspaceName: string;
}

/** A platform's sign-in by which admins of its workspaces install the bot. */
export interface ChatInstaller {
  /** Where to send a browser, and the cookie by which it is known when it comes back. */
  begin(now: Date): { readonly location: string; readonly cookie: string };
  /** Checks what the browser brought back, and gives what was installed; an AppError says why it was not. */
  finish(request: { readonly query: Readonly<Record<string, string>>; readonly cookies: string }, now: Date): Promise<NewInstallation>;
}
