import type { Setting } from "./prompt.ts";

/** What cannot be carried: a parameter by the name that the caller uses, or a setting that each API calls its own name. */
export type Uncarried = { readonly param: string } | { readonly setting: Setting };

/** A request asks for something that changes its answer and that the other API cannot say. */
export class CannotCarry extends Error {
  override readonly name = "CannotCarry";

  /** `why` completes the sentence "'x' cannot be carried to …: "; empty where there is nothing to add. */
  constructor(
    readonly what: Uncarried,
    readonly why: string = "",
  ) {
    super(`cannot be carried: ${JSON.stringify(what)}`);
  }
}
