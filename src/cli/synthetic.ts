import { randomUUID } from "node:crypto";
import { plain } from "../../adapters/draw-text.ts";
import type { Dataset } from "../core/dataset.ts";
import { AppError } from "../core/errors.ts";
import { approvalReason, type GenerationSpec } from "../core/generation.ts";
import { showUsd, toUsd } from "../core/money.ts";
import { inputTokens, outputTokens } from "../core/tokens.ts";
import type { PricedUsageEvent } from "../core/usage-event.ts";
import type { Preview } from "../synthetic/preview.ts";
import { type Command, type CommandContext, type CommandInput, exitCode } from "./command.ts";
import { specGiven } from "./synthetic-spec.ts";

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const recordText = (event: PricedUsageEvent): string =>
  [
    event.at.toISOString().slice(0, 19),
    event.workload.padEnd(20),
    event.model.padEnd(18),
    event.status.padEnd(7),
    `${count(inputTokens(event.tokens))} in`.padStart(10),
    `${count(outputTokens(event.tokens))} out`.padStart(10),
    event.cost === null ? "no price" : showUsd(event.cost),
  ].join("  ");

function previewText(spec: GenerationSpec, preview: Preview): string {
  const { first, sampled, expectedCost, failedShare, unpricedShare, workloads, fits } = preview;
  const reason = approvalReason(spec);
  return [
    `${spec.name}: ${count(spec.records)} records of the preset ${spec.preset}, seed ${spec.seed}, ${spec.period.from.slice(0, 10)} to ${spec.period.to.slice(0, 10)} (not counted). Nothing is written.`,
    "",
    `The first ${first.length}:`,
    ...first.map((event) => `  ${recordText(event)}`),
    "",
    `By a sample of ${count(sampled)} over the whole period:`,
    `  about ${showUsd(expectedCost)} in all; ${percent(failedShare)} of the requests fail; ${percent(unpricedShare)} have no price`,
    ...workloads.map(
      (one) =>
        `  ${one.name.padEnd(20)}  ${percent(one.share).padStart(7)} of the requests, ${count(one.meanInputTokens)} tokens in and ${count(one.meanOutputTokens)} out in the mean, about ${showUsd(one.cost)}`,
    ),
    "",
    "How well the sample follows the distributions asked for (Kolmogorov–Smirnov; p is the share of fitting samples that lie as far off):",
    ...fits.map(
      (fit) =>
        `  ${fit.workload.padEnd(20)}  ${fit.quantity.padEnd(13)}  ${fit.distribution.kind.padEnd(11)}  ${count(fit.count)} values, D ${fit.distance.toFixed(4)}, p ${fit.p.toFixed(3)}`,
    ),
    ...(reason === undefined ? [] : ["", `It is written after an approval alone, because ${reason}: --approve.`]),
    "",
  ].join("\n");
}

const previewDocument = (spec: GenerationSpec, preview: Preview): object => ({
  spec,
  needs_approval: approvalReason(spec) ?? null,
  sampled: preview.sampled,
  expected_cost_usd: toUsd(preview.expectedCost),
  failed_share: preview.failedShare,
  unpriced_share: preview.unpricedShare,
  workloads: preview.workloads.map(({ cost, ...one }) => ({ ...one, expected_cost_usd: toUsd(cost) })),
  fits: preview.fits,
  first: preview.first.map(({ cost, ...event }) => ({ ...event, cost_usd: cost === null ? null : toUsd(cost) })),
});

async function preview({ app, org, output, cwd, asOf }: CommandContext, input: CommandInput): Promise<void> {
  const spec = await specGiven(input, cwd, asOf);
  const shown = await app.synthetic.preview(org.id, spec);
  output.out(input.flag("json") ? `${JSON.stringify(previewDocument(spec, shown), null, 2)}\n` : plain(previewText(spec, shown)));
}

async function generate({ app, org, output, cwd, asOf, userName, signal }: CommandContext, input: CommandInput): Promise<void> {
  const spec = await specGiven(input, cwd, asOf);
  const reason = approvalReason(spec);
  if (reason !== undefined && !input.flag("approve"))
    throw new AppError(
      "bad_input",
      `Nothing was written: ${reason}. Look at it with \`apex synthetic preview\`, then approve it with --approve.`,
    );
  const order = { orgId: org.id, spec, actor: userName, key: randomUUID() };
  const told = ({ made, records }: { made: number; records: number }): void =>
    output.out(`  ${count(made)} of ${count(records)} records\n`);
  const { status, made, cost, unpriced } = await app.synthetic.generate(order, told, signal);
  const said = {
    made: `${count(made)} records are stored as ${spec.name}; by the price book they cost ${showUsd(cost)}${unpriced === 0 ? "" : `, and ${count(unpriced)} have no price`}. No total of real usage includes them.\n`,
    there: `${spec.name} is there already, with ${count(made)} records. Nothing was written.\n`,
    stopped: `The generation of ${spec.name} was cancelled: none of its records are stored.\n`,
  };
  output.out(plain(said[status]));
}

const describe = ({ spec, status, made, startedBy, startedAt, stopAskedBy }: Dataset): string =>
  `${spec.name}  ${spec.preset}, seed ${spec.seed}, ${spec.period.from.slice(0, 10)} to ${spec.period.to.slice(0, 10)} (not counted)
  ${count(made)} of ${count(spec.records)} records, ${status === "ready" ? "complete" : stopAskedBy === null ? "being made" : "being stopped"}; ordered by ${startedBy}, ${startedAt.toISOString().slice(0, 16)}Z\n`;

async function list({ app, org, output }: CommandContext): Promise<void> {
  const datasets = await app.synthetic.list(org.id);
  output.out(plain(datasets.map(describe).join("")));
  if (datasets.length === 0)
    output.out("No usage was generated. `apex synthetic generate PRESET --records N` does it; see docs/synthetic.md.\n");
}

function nameGiven(input: CommandInput): string {
  const [, name, extra] = input.words;
  if (name === undefined || extra !== undefined)
    throw new AppError("bad_input", "Give the name of one dataset: `apex synthetic list` shows them.");
  return name;
}

async function cancel({ app, org, output, userName }: CommandContext, input: CommandInput): Promise<void> {
  const name = nameGiven(input);
  const done = await app.synthetic.cancel({ orgId: org.id, name, actor: userName });
  output.out(
    plain(
      done === "asked"
        ? `${name} is being stopped; what is stored of it is taken out.\n`
        : `${name} is cancelled: none of it is stored any more.\n`,
    ),
  );
}

async function remove({ app, org, output, userName }: CommandContext, input: CommandInput): Promise<void> {
  const { spec, made } = await app.synthetic.remove({ orgId: org.id, name: nameGiven(input), actor: userName });
  output.out(plain(`${spec.name} is deleted with its ${count(made)} records.\n`));
}

const verbs: Readonly<Record<string, (context: CommandContext, input: CommandInput) => Promise<void>>> = {
  generate,
  preview,
  list,
  cancel,
  delete: remove,
};

const text = { type: "string" } as const;

export const synthetic: Command = {
  usage:
    "synthetic generate|preview PRESET --records N [--seed N] [--from DAY] [--to DAY] [--name NAME] [--shape KIND] [--growth P%] [--error-rate P%] [--correlation R] [--spike DAYxN] [--approve] [--json] | generate|preview --spec FILE | list | cancel NAME | delete NAME",
  summary:
    "Makes usage up from a preset and a seed, stored beside real usage and in no real total; shows it first, stops it or deletes it.",
  options: {
    records: text,
    seed: text,
    from: text,
    to: text,
    name: text,
    shape: text,
    growth: text,
    "error-rate": text,
    correlation: text,
    spike: text,
    spec: text,
    approve: { type: "boolean" },
    json: { type: "boolean" },
  },
  async run(context, input) {
    const [word = ""] = input.words;
    const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
    if (verb === undefined) throw new AppError("bad_input", `Say what to do with generated usage. Usage: apex ${synthetic.usage}`);
    await verb(context, input);
    return exitCode.ok;
  },
};
