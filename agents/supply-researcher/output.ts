/** What the supply researcher hands on is an answer: the core's own schema. */
export { Report as SupplyAnswer } from "../../src/core/report.ts";
