/** What reporting hands on: the core's own schema. */
export { Report } from "../../src/core/report.ts";
