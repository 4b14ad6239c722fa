import { z } from "zod";

/** Where an approval stands. */
export const ApprovalStatus = z.enum(["pending", "approved", "rejected", "expired", "stale"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;
