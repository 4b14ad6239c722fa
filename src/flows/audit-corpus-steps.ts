import { z } from "zod";
import type { AuditLog } from "../core/audit.ts";
import type { Analyst } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";

/** What a step on corpora says that it did. */
const Done = z.looseObject({ operation: z.string(), corpus: z.string().nullable(), quotes: z.array(z.unknown()) });

const actions: Readonly<Partial<Record<string, string>>> = {
  list: "corpus.listed",
  search: "corpus.searched",
  cite: "corpus.searched",
  analyse: "corpus.analysed",
  validate: "corpus.validated",
  export: "corpus.export_asked",
  delete: "corpus.delete_asked",
  create: "corpus.create_asked",
};

function doneIn(event: RunEvent): z.infer<typeof Done> | undefined {
  if (event.type !== "step.finished" || event.step !== "corpus_admin") return undefined;
  return Done.safeParse(event.result).data;
}

/** An analyst whose steps on corpora stand in the audit trail before they stand in the run's log: agents themselves write nothing. */
export const auditedAnalyst = (analyst: Analyst, audit: Pick<AuditLog, "append">): Analyst => ({
  async *analyse(run, log, signal) {
    for await (const event of analyst.analyse(run, log, signal)) {
      const done = doneIn(event);
      const action = done === undefined ? undefined : actions[done.operation];
      if (done !== undefined && action !== undefined)
        await audit.append(run.orgId, {
          actor: run.asker.name,
          action,
          facts: { run: run.id, corpus: done.corpus, cited: done.quotes.length },
        });
      yield event;
    }
  },
});
