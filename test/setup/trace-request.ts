import { createHash } from "node:crypto";

type Attribute = string | number | boolean;

/** A span as OTLP's JSON has it, from what a test says of it. Ids are made of names; times are in milliseconds. */
export interface SpanSketch {
  readonly name: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly failed?: boolean;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

const hex = (text: string, bytes: number): string =>
  createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, bytes * 2);

const valueOf = (value: Attribute): object => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
};

const attributesOf = (attributes: Readonly<Record<string, Attribute>>): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));

/** The moment that sketched spans start at, where they do not say. */
export const spanStartMs = Date.UTC(2026, 10, 20, 10, 30);

/** A trace request in OTLP's JSON. */
export const traceRequest = (
  spans: readonly SpanSketch[],
  { scope = "test", resource = {} }: { readonly scope?: string; readonly resource?: Readonly<Record<string, Attribute>> } = {},
): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf(resource) },
      scopeSpans: [
        {
          scope: { name: scope },
          spans: spans.map(
            ({ name, parent, trace = "one", startMs = spanStartMs, endMs = startMs + 1_500, failed = false, attributes = {} }) => ({
              traceId: hex(`trace ${trace}`, 16),
              spanId: hex(`span ${name}`, 8),
              ...(parent === undefined ? {} : { parentSpanId: hex(`span ${parent}`, 8) }),
              name,
              kind: 3,
              startTimeUnixNano: `${startMs}000000`,
              endTimeUnixNano: `${endMs}000000`,
              attributes: attributesOf(attributes),
              status: failed ? { code: 2 } : {},
            }),
          ),
        },
      ],
    },
  ],
});

/** What a chat span of OpenAI's says by OpenTelemetry's names. */
export const chatAttributes = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-5",
  "gen_ai.response.model": "gpt-5",
  "gen_ai.usage.input_tokens": 1_000,
  "gen_ai.usage.output_tokens": 200,
} as const;
