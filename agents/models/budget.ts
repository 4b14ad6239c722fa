import type { PicoUsd } from "../../src/core/money.ts";
import { drain, type ModelCall, type ModelClient, type ModelName, type ModelRequest } from "./client.ts";
import { ModelError } from "./errors.ts";
import { type ModelPrices, mostTokens } from "./price.ts";

/** What the models of one answer may cost. */
export interface BudgetLimits {
  readonly maxCost: PicoUsd;
  readonly maxCalls: number;
}

/** Keeps the calls of one answer within its budget: a call that could exceed it is not made. */
export interface RunBudget {
  /** The client, held to the budget; each call that was sent is told to `onCall`. */
  hold(client: ModelClient): ModelClient;
}

interface Purse {
  /** What the call may cost at most, set aside; a ModelError where there is not so much left. */
  setAside(name: ModelName, request: ModelRequest): PicoUsd;
  settle(call: ModelCall, most: PicoUsd): void;
}

/** A client whose calls are paid from a purse. */
function paidFrom(purse: Purse, client: ModelClient): ModelClient {
  async function* stream(request: ModelRequest): ReturnType<ModelClient["stream"]> {
    const most = purse.setAside(client.name, request);
    try {
      const answer = yield* client.stream(request);
      purse.settle(answer.call, most);
      return answer;
    } catch (error) {
      if (error instanceof ModelError && error.call !== undefined) purse.settle(error.call, most);
      throw error;
    }
  }
  return { name: client.name, stream, complete: (request) => drain(stream(request)) };
}

/** Opens a budget. What a call may cost at most is set aside before it is sent; afterwards what it cost counts, or all that was set aside where that is unknown. */
export function openBudget(limits: BudgetLimits, prices: ModelPrices, onCall: (call: ModelCall) => void): RunBudget {
  let counted = 0n;
  let begun = 0;
  const purse: Purse = {
    setAside(name, request) {
      const most = prices.costOf(name, mostTokens(request));
      if (most === null) throw new ModelError("no_price", name);
      if (begun >= limits.maxCalls || counted + most > limits.maxCost) throw new ModelError("over_budget", name);
      counted += most;
      begun += 1;
      return most;
    },
    settle(call, most) {
      counted += (call.cost ?? most) - most;
      onCall(call);
    },
  };
  return { hold: (client) => paidFrom(purse, client) };
}
