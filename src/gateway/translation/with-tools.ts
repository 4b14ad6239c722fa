import type { Finish } from "../../core/usage-event.ts";

/** Some providers say that an answer just stopped where it calls tools; a caller waits for the word that it does. */
export const withTools = (finish: Finish, calls: boolean): Finish => (calls && finish === "stop" ? "tool" : finish);
