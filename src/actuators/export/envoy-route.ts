import { type Document, isMap, isSeq, parseAllDocuments, type YAMLMap, type YAMLSeq } from "yaml";
import { sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { PolicyRule, RoutingPolicy } from "../../core/policy.ts";
import { splitOf, splitText, weightOf } from "../split.ts";
import { columnOf, type Insertion, lineStart, markedBlock, startOf, withInsertions, withoutMarks, yamlText } from "./marked-text.ts";

/** The header by which the model that is asked for can be matched, and the one by which Apex tells workloads apart. */
const modelHeader = "x-ai-eg-model";
const workloadHeader = "x-apex-workload";

/** The most rules that a route may have. */
const mostRules = 15;

interface Route {
  readonly rules: YAMLSeq;
}

function routesOf(text: string): readonly Route[] {
  return parseAllDocuments(text).flatMap((document: Document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new AppError("bad_input", `The Envoy file is not YAML: ${problem.message.split("\n")[0] ?? ""}`);
    if (document.get("kind") !== "AIGatewayRoute") return [];
    const rules = document.getIn(["spec", "rules"], true);
    if (!isSeq(rules) || rules.flow === true)
      throw new AppError("bad_input", "An AIGatewayRoute in the Envoy file has no rules that Apex can edit, one to a line.");
    return [{ rules }];
  });
}

/** Whether a rule of the file takes requests for a model and nothing narrower. */
function takes(rule: YAMLMap, model: string): boolean {
  const matches = rule.get("matches");
  if (!isSeq(matches)) return false;
  return matches.items.some((match) => {
    const headers = isMap(match) ? match.get("headers") : undefined;
    if (!isSeq(headers) || headers.items.length !== 1) return false;
    const [header] = headers.items;
    return isMap(header) && header.get("name") === modelHeader && header.get("value") === model;
  });
}

/** The one backend that a rule leads to: with several, which of them serves the model cannot be told. */
function backendOf(rule: YAMLMap, { requestedModel }: PolicyRule): YAMLMap {
  const refs = rule.get("backendRefs");
  const [only, more] = isSeq(refs) ? refs.items : [];
  if (isMap(only) && more === undefined && !only.has("modelNameOverride")) return only;
  throw new AppError(
    "conflict",
    `The rule for ${requestedModel} in the Envoy file leads to several backends, or to one under another model's name. Apex divides only rules with one plain backend; edit it yourself.`,
  );
}

function ruleLines(backend: YAMLMap, rule: PolicyRule): readonly string[] {
  const [name, namespace] = [backend.get("name"), backend.get("namespace")];
  if (typeof name !== "string") throw new AppError("bad_input", "A backendRef in the Envoy file has no name.");
  const refs = splitOf(rule).flatMap(({ target, share }) => [
    `    - name: ${yamlText(name)}`,
    ...(typeof namespace === "string" ? [`      namespace: ${yamlText(namespace)}`] : []),
    ...(target.model === rule.requestedModel ? [] : [`      modelNameOverride: ${yamlText(target.model)}`]),
    `      weight: ${weightOf(share)}`,
  ]);
  return [
    `- name: apex-${sha256(`${rule.workload} ${rule.requestedModel}`).slice(0, 12)}`,
    "  matches:",
    "    - headers:",
    ...[
      { name: modelHeader, value: rule.requestedModel },
      { name: workloadHeader, value: rule.workload },
    ].flatMap((header) => ["        - type: Exact", `          name: ${header.name}`, `          value: ${yamlText(header.value)}`]),
    "  backendRefs:",
    ...refs,
  ];
}

function forRule(text: string, routes: readonly Route[], rule: PolicyRule, version: number): Insertion {
  const providers = new Set(splitOf(rule).map(({ target }) => target.provider));
  if (providers.size > 1)
    throw new AppError(
      "bad_input",
      `The rule for ${rule.workload} leads to another provider, and which backend that is cannot be told from the Envoy file. Edit it yourself.`,
    );
  for (const { rules } of routes) {
    const found = rules.items.find((item) => isMap(item) && takes(item, rule.requestedModel));
    if (!isMap(found)) continue;
    if (rules.items.length >= mostRules)
      throw new AppError(
        "conflict",
        `The AIGatewayRoute has ${rules.items.length} rules, and more than ${mostRules} are not allowed. Split it, then export again.`,
      );
    const start = lineStart(text, startOf(found));
    const indent = " ".repeat(columnOf(text, text.indexOf("-", start)));
    const why = `policy version ${version}, requests with ${workloadHeader}: ${rule.workload}: ${splitText(splitOf(rule))}`;
    return { at: start, text: `${markedBlock(indent, why, ruleLines(backendOf(found, rule), rule))}\n` };
  }
  throw new AppError(
    "not_found",
    `No AIGatewayRoute in the Envoy file matches ${modelHeader}: ${rule.requestedModel}, so nothing of it can be moved.`,
  );
}

/**
 * A file with an AIGatewayRoute (aigateway.envoyproxy.io/v1beta1) as a policy wants it: a rule of its own for requests that carry the
 * workload in `x-apex-workload`, which wins over the one that stands as it matches more headers. Every other line stays.
 */
export function envoyFile(text: string, policy: RoutingPolicy | undefined): string {
  const clean = withoutMarks(text);
  const routes = routesOf(clean);
  if (routes.length === 0) throw new AppError("bad_input", "The Envoy file holds no AIGatewayRoute.");
  return withInsertions(
    clean,
    (policy?.rules ?? []).map((rule) => forRule(clean, routes, rule, policy?.version ?? 0)),
  );
}
