import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { GatewayKey } from "../../core/gateway-config.ts";
import { ImportMapping } from "../../core/import.ts";
import type { Senders } from "../../flows/admit-sender.ts";
import { maxFileBytes, type ReceivedFile, type SentFile } from "../../flows/receive-file.ts";
import { createInFlight } from "../plugins/in-flight.ts";
import { TooLarge } from "../plugins/whole-body.ts";

/** What takes in files. */
export interface FileIntake {
  readonly senders: Senders;
  receive(file: SentFile, signal: AbortSignal): Promise<ReceivedFile>;
}

/** The path that files are sent to; they may take longer to arrive than other requests. */
export const usageFilesPath = "/api/usage/files";

const limits = { requests: 8, requestsPerSender: 4, bytes: Number.MAX_SAFE_INTEGER };

/** How long a sender may be silent in the middle of a file, in milliseconds. */
const silenceMs = 60_000;

const Query = z.object({ name: z.string().trim().min(1).max(200), mapping: z.string().optional() });

function mappingIn(text: string | undefined): ImportMapping | undefined {
  if (text === undefined) return undefined;
  const wrong = (why: string, cause: unknown): never => {
    throw new AppError(
      "bad_input",
      `The mapping is ${why}. Make one with \`apex import-map FILE\`, and send it as JSON, percent-encoded.`,
      { cause },
    );
  };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    return wrong("not JSON", cause);
  }
  const parsed = ImportMapping.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return wrong(`wrong at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "unreadable"}`, parsed.error);
}

/** The bytes of a body as they come; a sender that falls silent is cut off, and one that leaves midway sent nothing. */
async function* bytesOf({ raw, body }: FastifyRequest): AsyncGenerator<Uint8Array> {
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body))
    throw new AppError("bad_input", `Send the file itself as the body of POST ${usageFilesPath}?name=usage.csv.`);
  raw.setTimeout(silenceMs, () => raw.destroy());
  for await (const part of raw) if (part instanceof Uint8Array) yield part;
  raw.setTimeout(0);
  if (!raw.complete) throw new AppError("bad_input", "The file did not come whole. Send it again.");
}

function serve(scope: FastifyInstance, intake: FileIntake): void {
  const inFlight = createInFlight(limits);
  const keys = new WeakMap<FastifyRequest, GatewayKey>();
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  scope.addHook("onRequest", async (request, reply) => {
    const key = await intake.senders.admit(request.headers.authorization);
    if (Number(request.headers["content-length"] ?? 0) > maxFileBytes)
      throw new TooLarge(`A file may have ${maxFileBytes} bytes. Split it, and send the parts, or gzip it.`);
    const place = inFlight.enter(key.id);
    keys.set(request, key);
    reply.raw.once("close", () => place.leave());
  });
  scope.post(usageFilesPath, async (request, reply) => {
    const key = keys.get(request);
    if (key === undefined) throw new AppError("unauthenticated", "The request was not let in.");
    const query = Query.safeParse(request.query);
    if (!query.success) throw new AppError("bad_input", `Name the file: POST ${usageFilesPath}?name=usage.csv.`, { cause: query.error });
    const gone = new AbortController();
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    const { name, mapping } = query.data;
    const file = { orgId: key.orgId, name, content: bytesOf(request), mapping: mappingIn(mapping) };
    const { summary, assumption } = await intake.receive(file, gone.signal);
    return reply.send({ ...summary, assumption });
  });
}

/** `POST /api/usage/files?name=…[&mapping=…]` imports the file that is its body; the answer is the import's summary. */
export function usageFileRoute(app: FastifyInstance, intake: FileIntake): void {
  app.register(async (scope) => serve(scope, intake));
}
