import type { z } from "zod";
import type { Breakers } from "../../src/core/breaker.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { addedSpend, type ModelSpend, type ModelUse, noModelSpend } from "../../src/core/model-spend.ts";
import { toUsd } from "../../src/core/money.ts";
import type { BudgetLimits } from "./budget.ts";
import { openBudget } from "./budget.ts";
import { chooseModels, type Need, type RankedModel } from "./choose.ts";
import { countsOf, type ModelCall, type ModelClient, type ModelName, type ModelRequest } from "./client.ts";
import { ModelError } from "./errors.ts";
import type { ModelPrices } from "./price.ts";
import { type RetryLimits, retrying, usualRetries } from "./retries.ts";
import { type Complaint, completeAs } from "./structured.ts";

/** The steps that ask a model, and what they need of it. */
export const needOf = { triage: "small", reporting: "strong" } as const satisfies Record<string, Need>;
export type ModelStep = keyof typeof needOf;

/** What a step may ask of models. Nothing here can act: an answer is a value of the given form, and data. */
export interface Models {
  /**
   * An answer of the form, from the first model that gives one without fault; undefined where none does, which the spend then
   * says. It throws only where the run itself was stopped.
   */
  ask<T>(step: ModelStep, request: Omit<ModelRequest, "schema">, schema: z.ZodType<T>, complain?: Complaint<T>): Promise<T | undefined>;
  /** What was spent since it was last asked for. */
  take(): ModelSpend;
}

/** What the models of one answer are made of. */
export interface ModelsOptions {
  readonly models: readonly RankedModel[];
  /** The client of a model. */
  readonly clientOf: (name: ModelName) => ModelClient;
  readonly prices: ModelPrices;
  readonly budget: BudgetLimits;
  /** Shared by all answers of a process. */
  readonly breakers: Breakers;
  readonly log: Logger;
  readonly random: () => number;
  readonly retries?: RetryLimits;
  /** How long one question to the models may take in all, in milliseconds; 15 s where it is not said. */
  readonly askTimeoutMs?: number;
  /** Told of each call that was sent. */
  readonly onCall?: (call: ModelCall) => void;
}

const useOf = (call: ModelCall): ModelUse => {
  const { input, output } = countsOf(call);
  return {
    provider: call.provider,
    model: call.model,
    calls: 1,
    failed: call.outcome === "ok" ? 0 : 1,
    uncosted: call.cost === null ? 1 : 0,
    inputTokens: input,
    outputTokens: output,
    cost: toUsd(call.cost ?? 0n),
  };
};

const keyOf = ({ provider, model }: ModelName): string => `${provider}/${model}`;

const downKinds: ReadonlySet<string> = new Set(["rate_limited", "provider_down", "timeout", "rejected"]);

/** A client that is left alone for a while after it has failed several times. What its answers say does not count: only that it answered. */
function resting(client: ModelClient, breakers: Breakers): ModelClient {
  const key = keyOf(client.name);
  const enter = (): void => {
    if (!breakers.allows(key)) throw new ModelError("resting", client.name);
  };
  const failed = (error: unknown): unknown => {
    if (error instanceof ModelError && downKinds.has(error.kind)) breakers.failed(key);
    return error;
  };
  return {
    name: client.name,
    async complete(request) {
      enter();
      try {
        const answer = await client.complete(request);
        breakers.succeeded(key);
        return answer;
      } catch (error) {
        throw failed(error);
      }
    },
    async *stream(request) {
      enter();
      try {
        const answer = yield* client.stream(request);
        breakers.succeeded(key);
        return answer;
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

const causeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message.slice(0, 300) : undefined;

/** What was spent, and what stood in, since it was last taken. */
function openAccount(): { add(spend: ModelSpend): void; fellBack(...sentences: readonly string[]): void; take(): ModelSpend } {
  let untold = noModelSpend;
  const add = (spend: ModelSpend): void => {
    untold = addedSpend(untold, spend);
  };
  return {
    add,
    fellBack: (...sentences) => add({ uses: [], fallbacks: [sentences.join(" ").trim()] }),
    take() {
      const spend = untold;
      untold = noModelSpend;
      return spend;
    },
  };
}

/** Opens the models for one answer: by need and price, with retries, breakers, a budget, and one standing in for another. */
export function openModels(options: ModelsOptions): Models {
  const { models, clientOf, prices, breakers, log, random, retries = usualRetries, askTimeoutMs = 15_000 } = options;
  const account = openAccount();
  const budget = openBudget(options.budget, prices, (call) => {
    account.add({ uses: [useOf(call)], fallbacks: [] });
    options.onCall?.(call);
  });
  const guarded = (name: ModelName): ModelClient => resting(retrying(budget.hold(clientOf(name)), retries, random), breakers);
  const told = (error: unknown, of: ModelName): string => {
    log.warn("A model gave no answer that can be used.", { model: keyOf(of), error: String(error), cause: causeOf(error) });
    return error instanceof AppError ? error.message : `${of.model} failed.`;
  };
  return {
    take: () => account.take(),
    async ask(step, request, schema, complain) {
      const { order, notes } = chooseModels(models, needOf[step], prices);
      const late = AbortSignal.timeout(askTimeoutMs);
      const signal = AbortSignal.any([request.signal, late]);
      const failures = [...notes];
      for (const name of order) {
        if (late.aborted) break;
        try {
          const value = await completeAs(guarded(name), { ...request, signal }, schema, complain);
          if (failures.length > 0) account.fellBack(...failures, `${name.model} answered instead.`);
          return value;
        } catch (error) {
          if (request.signal.aborted) throw error;
          failures.push(told(error, name));
        }
      }
      account.fellBack(...failures, "Rules and templates answered instead.");
      return undefined;
    },
  };
}
