import { AppError } from "../../src/core/errors.ts";

/** Turns whatever writing to the terminal threw into an AppError. */
export const toAppError = (error: unknown): AppError =>
  error instanceof AppError ? error : new AppError("internal", "The terminal cannot be written to; is the pipe closed?", { cause: error });
