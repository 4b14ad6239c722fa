import { priceEvent } from "../../src/catalog/price-event.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { Report } from "../../src/core/report.ts";
import { previewOf } from "../../src/synthetic/preview.ts";
import { calendarFor, type ToolFinished } from "../define.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import { Report as output } from "./output.ts";
import { type Order, readOrder } from "./read-order.ts";
import { askReport, generationReport, listReport, orderReport } from "./write.ts";

async function answer(order: Order, context: StepContext): Promise<Report> {
  switch (order.kind) {
    case "ask":
      return askReport(order.text);
    case "list":
      return listReport((await context.datasets?.list(context.orgId)) ?? []);
    case "cancel":
      return orderReport(`The generation of ${order.name} is being cancelled.`, { type: "cancel_generation", name: order.name });
    case "delete":
      return orderReport(`${order.name} is being deleted. The same specification and seed would make it again.`, {
        type: "delete_dataset",
        name: order.name,
      });
    case "generate":
    case "preview": {
      const preview = previewOf(order.spec, context.orgId, (event) => priceEvent(context.prices, event));
      return generationReport(order.kind, { ...order, preview, newId: context.newId });
    }
    default:
      return assertNever(order);
  }
}

async function* work(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<Report>, void> {
  const datasets = (await context.datasets?.list(context.orgId)) ?? [];
  const order = readOrder({ question: context.run.question, asOf: context.asOf, calendar: calendarFor(context), datasets });
  return { summary: order.kind === "ask" ? "Something is missing." : "The order is read.", result: await answer(order, context) };
}

/** Reads orders about generated usage, shows what they would make, and asks for it to be made, stopped or deleted; it writes nothing. */
export const syntheticData = defineAgent({
  name: "synthetic_data",
  output,
  put: (results, result) => ({ ...results, handled: result }),
  run: work,
});
