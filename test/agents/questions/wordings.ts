import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { analysesFor } from "../../../agents/analyses.ts";
import type { Triage } from "../../../src/core/triage.ts";

/** A wording and what triage has to find in it. */
export interface Wording {
  readonly group: string;
  readonly text: string;
  /** The question before it in the thread. */
  readonly earlier: readonly string[];
  readonly intents: readonly string[];
  readonly metrics: readonly string[];
  /** Analyses that must be called for. */
  readonly tools: readonly string[];
  /** Whether it cannot be answered, so that Apex has to say what can be. */
  readonly asksBack: boolean;
  readonly workloads: readonly string[];
  readonly models: readonly string[];
  readonly teams: readonly string[];
  readonly dimensions: readonly string[];
  readonly targets: readonly string[];
  /** "from/to" in UTC days; undefined where the wording leaves it open. */
  readonly period: string | undefined;
  /** Whether rules may not be changed for it. */
  readonly setAside: boolean;
}

const list = (text: string | undefined, by = ","): readonly string[] =>
  (text ?? "")
    .split(by)
    .map((one) => one.trim())
    .filter((one) => one !== "");

const fields = (parts: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(parts.map((part) => [part.slice(0, part.indexOf("=")).trim(), part.slice(part.indexOf("=") + 1).trim()]));

const setAside = (text: string): boolean => createHash("sha256").update(text).digest().readUInt32BE(0) % 3 === 0;

function wordingOf(line: string, head: string): Wording {
  const [name = "", ...common] = head.slice(2).split("|");
  const [text = "", ...own] = line.split("|");
  const [ofGroup, of] = [fields(common), fields(own)];
  return {
    group: name.trim(),
    text: text.trim(),
    earlier: of["e"] === undefined ? [] : [of["e"]],
    intents: list(ofGroup["intents"]),
    metrics: list(of["metrics"] ?? ofGroup["metrics"]),
    tools: list(of["a"] ?? ofGroup["tools"]),
    asksBack: ofGroup["ask"] === "yes",
    workloads: list(of["w"]),
    models: list(of["m"]),
    teams: list(of["g"]),
    dimensions: list(of["d"]),
    targets: list(of["t"], ";"),
    period: of["p"],
    setAside: setAside(text.trim()),
  };
}

/** Every wording of the graded set. */
export function readWordings(): readonly Wording[] {
  const lines = readFileSync(new URL("wordings.txt", import.meta.url), "utf8").split("\n");
  let head = "";
  return lines.flatMap((line) => {
    if (line.startsWith("##")) head = line;
    return line.startsWith("#") || line.trim() === "" ? [] : [wordingOf(line, head)];
  });
}

const dayOf = (at: string): string => z.iso.date().parse(at.slice(0, 10));

/** The last day of a period that ends within a day counts as whole. */
const dayAfter = (at: string): string =>
  at.endsWith("T00:00:00.000Z") ? dayOf(at) : new Date(Date.parse(`${dayOf(at)}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

const same = (found: readonly string[], wanted: readonly string[]): boolean =>
  JSON.stringify([...found].sort()) === JSON.stringify([...wanted].sort());
const holds = (found: readonly string[], wanted: readonly string[]): boolean => wanted.every((one) => found.includes(one));

/** What triage got wrong of a wording; empty where it is right. */
export function mistakes(wording: Wording, triage: Triage): readonly string[] {
  const { entities, intents, askBack, refusal } = triage;
  if (wording.asksBack) return askBack === null ? ["answers"] : /\d/.test(askBack) ? [`a number: ${askBack}`] : [];
  if (askBack !== null || refusal !== null) return [`does not answer: ${askBack ?? refusal ?? ""}`];
  const targets = entities.targets.map(({ metric, relation, value, unit, workload }) =>
    [metric, relation, value, unit, ...(workload === null ? [] : [workload])].join(" "),
  );
  const called = (["data_analysis", "optimization"] as const).flatMap((agent) => analysesFor(triage, agent).map(({ name }) => name));
  const period = entities.period === null ? "-" : `${dayOf(entities.period.from)}/${dayAfter(entities.period.to)}`;
  return [
    ...(holds(intents, wording.intents) ? [] : [`intents ${intents.join(", ")}`]),
    ...(holds(entities.metrics, wording.metrics) ? [] : [`metrics ${entities.metrics.join(", ")}`]),
    ...(holds(called, wording.tools) ? [] : [`tools ${called.join(", ")}`]),
    ...(same(entities.workloads, wording.workloads) ? [] : [`workloads ${entities.workloads.join(", ")}`]),
    ...(same(entities.models, wording.models) ? [] : [`models ${entities.models.join(", ")}`]),
    ...(same(entities.teams, wording.teams) ? [] : [`teams ${entities.teams.join(", ")}`]),
    ...(holds(entities.dimensions, wording.dimensions) ? [] : [`dimensions ${entities.dimensions.join(", ")}`]),
    ...(same(targets, wording.targets) ? [] : [`targets ${targets.join("; ")}`]),
    ...(wording.period === undefined || wording.period === period ? [] : [`period ${period}`]),
  ];
}
