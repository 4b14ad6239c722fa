import { z } from "zod";
import { AppError } from "./errors.ts";
import { PolicyRule, RoutingPolicy } from "./policy.ts";

/** Rules as someone writes them: ids may be left out, as they follow when an approval makes them. */
const Draft = z.strictObject({ rules: z.array(PolicyRule.partial({ id: true, approvalId: true })) });

/** The JSON schema (2020-12) of a routing policy, made from the one schema that the gateway reads policies by. */
export const policySchema = (): unknown => z.toJSONSchema(RoutingPolicy, { io: "input" });

const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );

type Issue = z.core.$ZodIssue;

/** Of the members of a union, the complaints of the one that comes closest: it fails deepest, and least often. */
function closest(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const all = issue.errors.map((issues) => issues.flatMap((inner) => closest({ ...inner, path: [...issue.path, ...inner.path] })));
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
  return [...all].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [issue];
}

const said = (issue: Issue): string => {
  const place = placeOf(issue.path);
  return `${place === "" ? "The document" : place}: ${issue.message.replace(/\.$/, "")}.`;
};

/** Rules that would stand in each other's way: a request is looked up by its workload and model. */
function clashes(rules: readonly Pick<PolicyRule, "workload" | "requestedModel">[]): readonly string[] {
  const key = ({ workload, requestedModel }: Pick<PolicyRule, "workload" | "requestedModel">): string => `${workload}\n${requestedModel}`;
  return rules.flatMap((rule, index) => {
    const first = rules.findIndex((other) => key(other) === key(rule));
    return first === index
      ? []
      : [
          `rules[${index}]: rules[${first}] is for the same workload "${rule.workload}" and model "${rule.requestedModel}"; a request follows one rule alone.`,
        ];
  });
}

/**
 * Reads the rules of a routing policy, or of a draft of one ({ "rules": […] }), from a document. An AppError "bad_input" says
 * in a sentence each what is wrong and where.
 */
export function readPolicyDocument(text: string, name: string): readonly PolicyRule[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new AppError("bad_input", `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const whole = z.looseObject({ version: z.unknown() }).safeParse(document).success;
  const parsed = (whole ? RoutingPolicy : Draft).safeParse(document);
  const wrong = parsed.success ? clashes(parsed.data.rules) : parsed.error.issues.flatMap(closest).map(said);
  if (!parsed.success || wrong.length > 0) throw new AppError("bad_input", `${name} is no routing policy.\n${wrong.join("\n")}`);
  return parsed.data.rules.map((rule, index) => ({ ...rule, id: rule.id ?? `rule-${index}`, approvalId: rule.approvalId ?? "apr_draft" }));
}
