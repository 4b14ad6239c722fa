import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { z } from "zod";

const text = readFileSync(new URL("../../fixtures/discord/requests.schema.json", import.meta.url), "utf8");
const document = z.looseObject({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) }).parse(JSON.parse(text));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false }).addSchema(document, "discord");

/** What of a request Discord's own schema refuses, in words; nothing where it takes it. */
export function refusedBySchema(name: string, body: unknown): readonly string[] {
  if (!(name in document.components.schemas)) throw new Error(`There is no schema ${name} in the fixture.`);
  const valid = ajv.validate({ $ref: `discord#/components/schemas/${name}` }, body);
  return valid ? [] : (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}

const Part = z.looseObject({
  type: z.number(),
  id: z.number().optional(),
  content: z.string().optional(),
  custom_id: z.string().optional(),
  components: z.array(z.unknown()).optional(),
});
type Part = z.infer<typeof Part>;

/** Every component, those inside others too. */
export const allParts = (components: readonly unknown[]): readonly Part[] =>
  components.flatMap((raw) => {
    const part = Part.parse(raw);
    return [part, ...allParts(part.components ?? [])];
  });

/** What breaks the limits that Discord documents and its schema does not hold: 40 components, 4,000 characters in all, unique ids. */
export function brokenLimits(components: readonly unknown[]): readonly string[] {
  const parts = allParts(components);
  const texts = parts.flatMap(({ content }) => (content === undefined ? [] : [content]));
  const ids = parts.flatMap(({ custom_id: id }) => (id === undefined ? [] : [id]));
  const size = texts.join("").length;
  const open = (content: string) => (content.match(/```/g) ?? []).length % 2 !== 0;
  const outside = (content: string) => content.replace(/```[\s\S]*?```/g, "");
  const unescaped = /(?<!\\)(<[@#!t/]|\[[^\]]*\]\()|@(everyone|here|&)/;
  return [
    ...(parts.length < 1 || parts.length > 40 ? [`${parts.length} components`] : []),
    ...(size < 1 || size > 4_000 ? [`${size} characters`] : []),
    ...(new Set(ids).size === ids.length ? [] : ["two buttons of one id"]),
    ...texts.filter(open).map((content) => `an open code block: ${content.slice(0, 80)}`),
    ...texts.filter((content) => unescaped.test(outside(content))).map((content) => `unescaped: ${content.slice(0, 200)}`),
  ];
}
