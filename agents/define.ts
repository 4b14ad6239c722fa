import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { SurveyDeps } from "../src/catalog/supply/survey.ts";
import type { BillingLedger } from "../src/core/billing.ts";
import type { Breakers } from "../src/core/breaker.ts";
import type { CorpusReader } from "../src/core/corpus.ts";
import type { DatasetStore } from "../src/core/dataset.ts";
import { AppError } from "../src/core/errors.ts";
import type { GatewayKey } from "../src/core/gateway-config.ts";
import type { Id } from "../src/core/ids.ts";
import type { PolicyStore } from "../src/core/policy.ts";
import type { PriceBook } from "../src/core/price.ts";
import type { SavingsLedger } from "../src/core/savings.ts";
import type { UsageSource } from "../src/core/usage-event.ts";
import type { UsagePatterns } from "../src/core/usage-patterns.ts";
import type { Coverage, Period, UsageReader } from "../src/core/usage-store.ts";
import { type Calendar, calendarOf, type Zone } from "../src/core/zone.ts";
import type { ToolName } from "./tools/names.ts";

/** What a tool may touch: readers alone. */
export interface ToolContext {
  readonly orgId: Id<"org">;
  readonly usage: UsageReader & UsagePatterns;
  readonly prices: PriceBook;
  /** What sources said of prices and models, and the list prices that they are set against; absent where none is kept. */
  readonly market?: SurveyDeps | undefined;
  /** The savings ledger; absent where none is kept. */
  readonly savings?: Pick<SavingsLedger, "list"> | undefined;
  /** The routing policy in effect; absent where none is kept. */
  readonly policies?: Pick<PolicyStore, "active"> | undefined;
  /** The gateway's keys in use and what they are held to; absent where there is no gateway. */
  readonly gatewayKeys?: ((orgId: Id<"org">) => Promise<readonly Pick<GatewayKey, "label" | "limits">[]>) | undefined;
  /** What providers billed; absent where no bills are kept. */
  readonly billing?: Pick<BillingLedger, "lines" | "spans"> | undefined;
  /** The datasets of generated usage; absent where none are kept. */
  readonly datasets?: Pick<DatasetStore, "list"> | undefined;
  /** Whole days after which a source's day no longer changes; none where it is not said. */
  readonly settleDays?: ((source: string) => number) | undefined;
  /** The sources of a period that report whole UTC days; none where it is not said. */
  readonly dailySources?: ((orgId: Id<"org">, period: Period) => Promise<readonly UsageSource[]>) | undefined;
  /** The zone that days, weeks and months are counted in; UTC where it is not said. */
  readonly zone?: Zone | undefined;
  /** Reference documents; absent where none are kept. */
  readonly corpus?: CorpusReader | undefined;
  readonly coverage: Coverage;
  /** The moment that "now" means in this run. */
  readonly asOf: Date;
  readonly signal: AbortSignal;
  readonly toolTimeoutMs: number;
  /** Of tools, over runs; without them none is ever left alone. */
  readonly breakers?: Breakers | undefined;
  /** A monotonic clock in milliseconds, for durations alone. */
  readonly clock: () => number;
}

/** The calendar that a context counts days on. */
export const calendarFor = ({ zone }: Pick<ToolContext, "zone">): Calendar => calendarOf(zone ?? "UTC");

/** A read-only analysis with typed input and output. */
export interface Tool<I, O, N extends ToolName = ToolName> {
  readonly name: N;
  /** What it looks at, in plain words. */
  readonly title: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  run(input: I, context: ToolContext): Promise<O>;
}

/** Lets the schemas of a tool decide its types. */
export const defineTool = <I, O, const N extends ToolName>(tool: Tool<I, O, N>): Tool<I, O, N> => tool;

/** A tool call that has ended. */
export interface ToolFinished {
  readonly tool: ToolName;
  readonly ms: number;
}

const attempts = 3;

/** Ends with what `work` gives, or with an AppError when the time is up or the signal aborts. */
export async function within<T>(work: Promise<T>, ms: number, what: string, signal: AbortSignal): Promise<T> {
  const timer = new AbortController();
  work.catch(() => undefined);
  const late = sleep(ms, undefined, { signal: AbortSignal.any([timer.signal, signal]) }).then(
    () => Promise.reject(new AppError("timeout", `${what} took longer than ${ms / 1_000} seconds.`)),
    () => (signal.aborted ? Promise.reject(new AppError("timeout", `${what} was stopped.`)) : new Promise<never>(() => undefined)),
  );
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** The input as the tool's schema reads it. An AppError "bad_input" that says what does not fit. */
function parsedInput<I, O>(tool: Tool<I, O>, input: I): I {
  const { data, error } = tool.input.safeParse(input);
  if (error === undefined) return data;
  throw new AppError("bad_input", `“${tool.title}” cannot be done with this: ${z.prettifyError(error).replaceAll("\n", " ")}`);
}

/** Runs a tool on parsed input, again (at most twice, after a jittered wait) where the failure may pass; reports its time. */
export async function* callTool<I, O>(context: ToolContext, tool: Tool<I, O>, input: I): AsyncGenerator<ToolFinished, O, void> {
  const started = context.clock();
  const parsed = parsedInput(tool, input);
  if (context.breakers?.allows(tool.name) === false) {
    throw new AppError(
      "busy",
      `“${tool.title}” has failed several times in a row and is left alone for a while. Ask again in a few minutes.`,
    );
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      const output = await within(tool.run(parsed, context), context.toolTimeoutMs, `“${tool.title}”`, context.signal);
      context.breakers?.succeeded(tool.name);
      yield { tool: tool.name, ms: Math.max(0, Math.round(context.clock() - started)) };
      return tool.output.parse(output);
    } catch (error) {
      const passing = error instanceof AppError && error.retry && error.code !== "timeout";
      if (!passing || attempt === attempts || context.signal.aborted) {
        if (error instanceof AppError && error.retry && !context.signal.aborted) context.breakers?.failed(tool.name);
        throw error;
      }
      await sleep(100 * 2 ** attempt * (0.5 + Math.random() / 2), undefined, { signal: context.signal });
    }
  }
}
