/** What triage hands on: the core's own schema. */
export { Triage } from "../../src/core/triage.ts";
