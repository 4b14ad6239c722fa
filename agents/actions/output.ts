import { z } from "zod";
import { Recommendation } from "../../src/core/report.ts";

/** The recommendations, best first, with ids that stay the same when the run is resumed. */
export const Actions = z.strictObject({ recommendations: z.array(Recommendation) });
export type Actions = z.infer<typeof Actions>;
