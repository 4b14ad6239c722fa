import { z } from "zod";

const text = z.string().nullish();

/** One observation of type GENERATION or EMBEDDING with the field groups that are asked for. Inputs and outputs are never asked for. */
export const Observation = z.object({
  id: z.string().min(1),
  startTime: z.string(),
  endTime: text,
  type: z.string(),
  /** What the producer says was used, under keys of its own choosing. */
  usageDetails: z.record(z.string(), z.number()),
  providedModelName: text,
  modelParameters: z.unknown(),
  name: text,
  level: text,
  userId: text,
  sessionId: text,
  /** Seconds. */
  latency: z.number().nullish(),
  timeToFirstToken: z.number().nullish(),
  traceName: text,
  tags: z.array(z.string()).nullish(),
});
export type Observation = z.infer<typeof Observation>;

/** A page of observations; without a cursor it is the last. */
export const ObservationPage = z.object({ data: z.array(Observation), meta: z.object({ cursor: text }) });

/** The project that a pair of keys belongs to. */
export const Projects = z.object({
  data: z.array(z.object({ name: z.string(), organization: z.object({ name: z.string() }).nullish() })),
});
