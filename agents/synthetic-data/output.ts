/** What the agent hands on: a report of its own, that reporting passes on. */
export { Report } from "../../src/core/report.ts";
