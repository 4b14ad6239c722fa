/** What a published list says that a model can take. What it does not say is unknown: absent, never yes. */
export interface ModelCapabilities {
  /** The list that says so. */
  readonly source: string;
  /** Tokens of input and output together. */
  readonly contextWindow: number | undefined;
  readonly maxInput: number | undefined;
  readonly maxOutput: number | undefined;
  readonly tools: boolean | undefined;
  readonly jsonSchema: boolean | undefined;
  readonly images: boolean | undefined;
  readonly audio: boolean | undefined;
  readonly reasoning: boolean | undefined;
  /** Whether it takes temperature and its like. */
  readonly sampling: boolean | undefined;
}

/** What the stored traffic of a workload and model used: sizes in tokens, and counts of requests. Only rows of single requests tell. */
export interface TrafficNeeds {
  readonly requests: number;
  readonly maxInput: number;
  readonly maxOutput: number;
  /** The most tokens of input and output together. */
  readonly maxTotal: number;
  readonly reasoned: number;
  readonly withImages: number;
  readonly withAudio: number;
  /** Those that ended with a call of a tool, and those of which is known how they ended. */
  readonly calledTools: number;
  readonly endKnown: number;
  readonly askedJson: number;
}

/** What a model's facts say of the traffic that is to move to it. */
export interface CapabilityCheck {
  /** What it cannot take, a sentence each: such a change is not offered, and not applied. */
  readonly refusals: readonly string[];
  /** What is not known, a sentence each, to be weighed by whoever approves. */
  readonly unknowns: readonly string[];
}

const count = (n: number): string => n.toLocaleString("en-US");
const requests = (n: number): string => `${count(n)} ${n === 1 ? "request" : "requests"}`;

interface Need {
  readonly used: number;
  readonly can: boolean | undefined;
  /** What the requests did, after their number: "called tools". */
  readonly did: string;
  /** What the model would have to do: "call tools". */
  readonly able: string;
}

const abilities = (model: string, needs: TrafficNeeds, can: ModelCapabilities): CapabilityCheck => {
  const all: readonly Need[] = [
    { used: needs.calledTools, can: can.tools, did: "called tools", able: "call tools" },
    { used: needs.askedJson, can: can.jsonSchema, did: "asked for JSON", able: "keep to a JSON schema" },
    { used: needs.withImages, can: can.images, did: "sent images", able: "read images" },
    { used: needs.withAudio, can: can.audio, did: "sent audio", able: "read audio" },
    { used: needs.reasoned, can: can.reasoning, did: "used reasoning tokens", able: "reason" },
  ];
  const used = all.filter((need) => need.used > 0);
  return {
    refusals: used
      .filter((need) => need.can === false)
      .map((need) => `${requests(need.used)} ${need.did}, and ${model} cannot ${need.able}.`),
    unknowns: used
      .filter((need) => need.can === undefined)
      .map((need) => `${requests(need.used)} ${need.did}; whether ${model} can ${need.able} is not known.`),
  };
};

function sizes(model: string, needs: TrafficNeeds, can: ModelCapabilities): CapabilityCheck {
  const all = [
    { name: "input", used: needs.maxInput, most: can.maxInput ?? can.contextWindow },
    { name: "output", used: needs.maxOutput, most: can.maxOutput },
    { name: "input and output together", used: needs.maxTotal, most: can.contextWindow ?? can.maxInput },
  ];
  const tooLong = all.filter(({ used, most }) => most !== undefined && used > most);
  return {
    refusals: tooLong
      .slice(0, 1)
      .map(
        ({ name, used, most }) => `The longest request seen has ${count(used)} tokens of ${name}, and ${model} takes ${count(most ?? 0)}.`,
      ),
    unknowns: all
      .slice(0, 2)
      .filter(({ most }) => most === undefined)
      .map(({ name, used }) => `How many tokens of ${name} ${model} takes is not known; the longest request seen has ${count(used)}.`),
  };
}

/** What cannot be told from stored usage, whatever the model. */
function unseen(model: string, needs: TrafficNeeds, can: ModelCapabilities): readonly string[] {
  const sampling =
    can.sampling === true
      ? []
      : [
          `${model} ${can.sampling === false ? "refuses temperature and other sampling parameters" : "may refuse sampling parameters such as temperature"}; whether requests send them cannot be checked: usage does not say.`,
        ];
  const tools =
    needs.endKnown === 0
      ? ["Whether requests use tools or ask for JSON cannot be checked: usage from outside the gateway does not say."]
      : [];
  return [...sampling, ...tools];
}

/**
 * Checks a model's published facts against what the traffic that is to move used. Unknown is an answer of its own: it is never
 * taken for yes, and never refuses by itself.
 */
export function checkCapabilities(model: string, can: ModelCapabilities | undefined, needs: TrafficNeeds): CapabilityCheck {
  if (needs.requests === 0)
    return { refusals: [], unknowns: [`No single request of this workload is stored, so what ${model} must take cannot be checked.`] };
  if (can === undefined) {
    const used = `the longest request seen has ${count(needs.maxInput)} tokens of input and ${count(needs.maxOutput)} of output`;
    return { refusals: [], unknowns: [`What ${model} can take is in no list that Apex has; ${used}.`] };
  }
  const [able, size] = [abilities(model, needs, can), sizes(model, needs, can)];
  return {
    refusals: [...size.refusals, ...able.refusals],
    unknowns: [...size.unknowns, ...able.unknowns, ...unseen(model, needs, can)],
  };
}
