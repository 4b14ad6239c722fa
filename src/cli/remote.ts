import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetch } from "undici";
import { z } from "zod";
import type { Output } from "./output.ts";

/** How a running service on this machine is reached; only the data folder's owner can read it. */
export const ServiceAddress = z.strictObject({ pid: z.number().int(), url: z.string(), token: z.string() });
export type ServiceAddress = z.infer<typeof ServiceAddress>;

const file = (dataDir: string): string => join(dataDir, "service.json");

/** Lets command lines on this data folder find the service. */
export async function announceService(dataDir: string, address: ServiceAddress): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(file(dataDir), JSON.stringify(address), { mode: 0o600 });
}

/** Takes the announcement back. */
export const withdrawService = (dataDir: string): Promise<void> => rm(file(dataDir), { force: true });

/** The service that runs on this data folder, where one answers. */
export async function findService(dataDir: string): Promise<ServiceAddress | undefined> {
  const text = await readFile(file(dataDir), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const address = ServiceAddress.safeParse(parse(text)).data;
  if (address === undefined) return undefined;
  const alive = await fetch(`${address.url}/health`, { signal: AbortSignal.timeout(2_000) })
    .then((response) => response.ok)
    .catch(() => false);
  return alive ? address : undefined;
}

const Line = z.union([
  z.strictObject({ out: z.string() }),
  z.strictObject({ err: z.string() }),
  z.strictObject({ exit: z.number().int() }),
]);

/** Runs a command inside the service and copies what it writes; gives its exit code. */
export async function runRemotely(service: ServiceAddress, argv: readonly string[], cwd: string, output: Output): Promise<number> {
  const response = await fetch(`${service.url}/local/command`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.token}`, "content-type": "application/json" },
    body: JSON.stringify({ argv, cwd }),
  });
  if (!response.ok || response.body === null) {
    output.err(`The service at ${service.url} refused the command (status ${response.status}).\n`);
    return 1;
  }
  let rest = "";
  let exit = 1;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + z.string().parse(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((text) => text !== "")) {
      const message = Line.parse(parse(line));
      if ("out" in message) output.out(message.out);
      else if ("err" in message) output.err(message.err);
      else exit = message.exit;
    }
  }
  return exit;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
