import { z } from "zod";

/** The kinds of places where policies take effect. */
export const ActuatorName = z.enum(["gateway", "litellm", "portkey", "export"]);
export type ActuatorName = z.infer<typeof ActuatorName>;

/** What is said of a place that could not confirm a version yet. */
const waitingAt = {
  gateway: "No gateway is running: it takes effect when one starts.",
  litellm: "LiteLLM does not show it yet.",
  portkey: "Portkey does not show it yet.",
  export: "The exported patch takes effect once it is merged and rolled out.",
} satisfies Record<ActuatorName, string>;

/** What is to be known of a place where a version is in effect; empty where nothing is. */
const noteOn = {
  gateway: "",
  litellm: "LiteLLM divides request by request: what is saved there is indicative and is not billed.",
  portkey: "Portkey divides request by request: what is saved there is indicative and is not billed.",
  export: "",
} satisfies Record<ActuatorName, string>;

const sentencesOf = (names: readonly string[], words: Readonly<Record<ActuatorName, string>>): readonly string[] =>
  names.flatMap((name) => {
    const known = ActuatorName.safeParse(name);
    return known.success && words[known.data] !== "" ? [words[known.data]] : [];
  });

/** Says where a version is in effect, where it waits, and what that means. Names are separated by commas; those that wait are among the others. */
export function effectText(version: number, actuators: string, waiting: string): string {
  const listOf = (text: string): readonly string[] => (text === "" ? [] : text.split(", "));
  const waits = listOf(waiting);
  const confirmed = listOf(actuators).filter((name) => !waits.includes(name));
  const first =
    confirmed.length === 0
      ? `Published as policy version ${version}.`
      : `In effect as policy version ${version} (${confirmed.join(", ")}, read back).`;
  return [first, ...sentencesOf(waits, waitingAt), ...sentencesOf(confirmed, noteOn)].join(" ");
}

/** What is said after a rollback of a place that could not confirm it yet. */
const afterRollback = {
  gateway: "no gateway is running, and one that starts takes it up",
  litellm: "LiteLLM does not show it yet",
  portkey: "Portkey does not show it yet",
  export: "the exported patch takes effect once it is merged and rolled out",
} satisfies Record<ActuatorName, string>;

/** Says how a version that was gone back to stands, after "policy version N"; `again` where it is one that stood before. */
export const rollbackText = (waiting: readonly string[], again: boolean): string => {
  const once = again ? " again" : "";
  return waiting.length === 0 ? `is in effect${once}, read back` : `is active${once}; ${sentencesOf(waiting, afterRollback).join("; ")}`;
};
