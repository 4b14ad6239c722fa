/** Whether trying again may help, by error code. */
const retryable = {
  bad_input: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  stale: false,
  unpriced: false,
  not_configured: false,
  busy: true,
  rate_limited: true,
  provider_down: true,
  timeout: true,
  internal: false,
} as const;

export type ErrorCode = keyof typeof retryable;

/** An error that a user or an operator may read: the message says what is wrong and what to do. */
export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly retryAfterMs?: number },
  ) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** How long the other side asked us to wait, in milliseconds, where it said so. */
  readonly retryAfterMs: number | undefined;

  /** True where the same call may succeed later. */
  get retry(): boolean {
    return retryable[this.code];
  }
}

/** Marks a branch that the types rule out. */
export const assertNever = (value: never): never => {
  throw new AppError("internal", `A case was not handled: ${JSON.stringify(value)}`);
};
