import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from "yaml";
import { AppError } from "../../core/errors.ts";
import type { PolicyRule, RoutingPolicy } from "../../core/policy.ts";
import type { Target } from "../../core/strategy.ts";
import { refuseOverlap, splitOf, splitText, weightOf } from "../split.ts";
import {
  columnOf,
  endOf,
  type Insertion,
  lineEnd,
  lineMark,
  lineStart,
  markedBlock,
  startOf,
  withInsertions,
  withoutMarks,
  yamlText,
} from "./marked-text.ts";

/** A deployment of the file's model_list. */
interface Entry {
  readonly item: YAMLMap;
  readonly params: YAMLMap;
  readonly group: string;
  readonly model: string;
}

interface File {
  readonly text: string;
  readonly entries: readonly Entry[];
  /** True where requests go to deployments by their tags, so that a workload's can be told apart. */
  readonly tagged: boolean;
}

const asText = (value: unknown): string => (typeof value === "string" ? value : "");

function entryOf(item: unknown): readonly Entry[] {
  if (!isMap(item)) return [];
  const params = item.get("litellm_params");
  if (!isMap(params)) return [];
  return [{ item, params, group: asText(item.get("model_name")), model: asText(params.get("model")) }];
}

function readFile(text: string): File {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new AppError("bad_input", `The LiteLLM file is not YAML: ${problem.message.split("\n")[0] ?? ""}`);
  const list = document.get("model_list");
  if (!isSeq(list) || list.items.length === 0 || list.flow === true)
    throw new AppError(
      "bad_input",
      "The LiteLLM file has no model_list with a deployment to a line: it is no LiteLLM config, or one that Apex cannot edit.",
    );
  return { text, entries: list.items.flatMap(entryOf), tagged: document.getIn(["router_settings", "enable_tag_filtering"]) === true };
}

const serves = ({ model }: Entry, target: Target): boolean => model === `${target.provider}/${target.model}` || model === target.model;

/** The deployment that one of ours is made like: its address, its key. */
function templateOf(
  { entries }: File,
  group: readonly Entry[],
  { target, asked }: { readonly target: Target; readonly asked: Target },
): Entry {
  const found = group.find((entry) => serves(entry, target)) ?? entries.find((entry) => serves(entry, target));
  if (found !== undefined) return found;
  // Another model of the same provider is reached the same way.
  const [sibling] = group;
  if (sibling !== undefined && target.provider === asked.provider) return sibling;
  throw new AppError(
    "not_found",
    `The LiteLLM file has no deployment of ${target.provider}/${target.model}. Add one to model_list, then export again.`,
  );
}

/** The lines of a template's parameters, but for those that are set anew. */
function paramLines(text: string, { params }: Entry, indent: string): readonly string[] {
  return params.items.flatMap((pair) => {
    const { key, value } = pair;
    if (!isScalar(key) || typeof key.value !== "string" || ["model", "weight", "tags"].includes(key.value)) return [];
    if (!isScalar(value)) return [];
    return [`${indent}${text.slice(startOf(key), endOf(pair))}`];
  });
}

interface NewEntry {
  readonly rule: PolicyRule;
  readonly target: Target;
  readonly template: Entry;
  readonly weight: number;
  readonly id: string;
}

function entryLines({ text, tagged }: File, { rule, target, template, weight, id }: NewEntry): readonly string[] {
  return [
    `- model_name: ${yamlText(rule.requestedModel)}`,
    "  litellm_params:",
    `    model: ${yamlText(`${target.provider}/${target.model}`)}`,
    ...paramLines(text, template, "    "),
    `    weight: ${weight}`,
    ...(tagged ? [`    tags: [${yamlText(rule.workload)}]`] : []),
    "  model_info:",
    `    id: ${yamlText(id)}`,
  ];
}

const addedParam = ({ text }: File, { params }: Entry, line: string): Insertion => {
  const [first] = params.items;
  const column = first !== undefined && isScalar(first.key) ? columnOf(text, startOf(first.key)) : 0;
  return { at: lineEnd(text, endOf(params)), text: `\n${" ".repeat(column)}${line} ${lineMark}` };
};

/** What the deployments that stand get: a weight, or the tag of requests that carry none. */
function onStanding(file: File, group: readonly Entry[], rule: PolicyRule): readonly Insertion[] {
  const kept = splitOf(rule).find(({ target }) => group.some((entry) => serves(entry, target)))?.share ?? 0;
  return group.flatMap((entry) => {
    if (file.tagged) return entry.params.has("tags") ? [] : [addedParam(file, entry, "tags: [default]")];
    if (entry.params.has("weight"))
      throw new AppError(
        "conflict",
        `The deployments of ${rule.requestedModel} have weights of their own in the LiteLLM file. Take them out, then export again.`,
      );
    return [addedParam(file, entry, `weight: ${weightOf(kept, group.length)}`)];
  });
}

function forRule(file: File, rule: PolicyRule, version: number): readonly Insertion[] {
  const group = file.entries.filter((entry) => entry.group === rule.requestedModel);
  const split = splitOf(rule);
  const asked = split.find(({ target }) => group.some((entry) => serves(entry, target)))?.target ?? split[0]?.target;
  const last = group.at(-1);
  if (last === undefined || asked === undefined)
    throw new AppError(
      "not_found",
      `The LiteLLM file has no deployment that is called ${rule.requestedModel}, so nothing of it can be moved.`,
    );
  // By tags both models stand anew, for the workload alone; by weight those that stand keep their share.
  const made = file.tagged ? split : split.filter(({ target }) => !group.some((entry) => serves(entry, target)));
  const entries = made.map(({ target, share }, index): NewEntry => {
    const template = templateOf(file, group, { target, asked });
    return { rule, target, template, weight: weightOf(share), id: `apex-v${version}-${rule.workload}-${index + 1}` };
  });
  const indent = " ".repeat(columnOf(file.text, file.text.indexOf("-", lineStart(file.text, startOf(last.item)))));
  const whose = file.tagged ? `requests tagged ${rule.workload}` : `ALL requests for ${rule.requestedModel}, whoever sends them`;
  const block = markedBlock(
    indent,
    `policy version ${version}, ${whose}: ${splitText(split)}`,
    entries.flatMap((entry) => entryLines(file, entry)),
  );
  return [...onStanding(file, group, rule), { at: lineEnd(file.text, endOf(last.item)), text: `\n${block}` }];
}

/**
 * A LiteLLM config file as a policy wants it; comments, order and every other line stay. Rules are kept to their workload by tags where
 * `router_settings.enable_tag_filtering` is on; elsewhere a file knows no workloads, and all requests for the model are divided.
 */
export function litellmFile(text: string, policy: RoutingPolicy | undefined): string {
  const clean = withoutMarks(text);
  const file = readFile(clean);
  if (!file.tagged) refuseOverlap(policy?.rules ?? [], "The LiteLLM file (which tells no workloads apart without enable_tag_filtering)");
  return withInsertions(
    clean,
    (policy?.rules ?? []).flatMap((rule) => forRule(file, rule, policy?.version ?? 0)),
  );
}
