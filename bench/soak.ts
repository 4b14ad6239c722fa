import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

/** The gateway under open streams for some minutes: its memory, and whether every stream left one row. */
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    minutes: { type: "string", default: "10" },
    streams: { type: "string", default: "1000" },
    "stream-seconds": { type: "string", default: "20" },
    port: { type: "string", default: "8123" },
  },
});
const [minutes, streams, streamSeconds, port] = [values.minutes, values.streams, values["stream-seconds"], values.port].map(Number);

const chunk = (choice: unknown, usage: unknown = null): string =>
  `data: ${JSON.stringify({ id: "chatcmpl-soak", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: choice === undefined ? [] : [choice], usage })}\n\n`;
const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };

/** A provider of our own that streams a token a second. */
async function startProvider(seconds: number): Promise<{ url: string; close: () => void }> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    let left = seconds;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return void outgoing.write(chunk({ index: 0, delta: { content: "token " }, finish_reason: null }));
      clearInterval(timer);
      return void outgoing.end(`${chunk({ index: 0, delta: {}, finish_reason: "stop" })}${chunk(undefined, usage)}data: [DONE]\n\n`);
    }, 1_000);
    outgoing.on("close", () => clearInterval(timer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the provider has no port");
  return { url: `http://127.0.0.1:${address.port}/v1`, close: () => server.closeAllConnections() };
}

/** Reads a stream to its end; true where it was whole. */
const readStream = (agent: Agent, at: number): Promise<boolean> =>
  new Promise((resolve) => {
    const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Count to ten." }] });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), authorization: "Bearer sk-x" };
    const call = request({ host: "127.0.0.1", port: at, method: "POST", path: "/v1/chat/completions", agent, headers }, (answer) => {
      let last = "";
      answer.on("data", (data: Buffer) => {
        last = data.toString("utf8").slice(-20);
      });
      answer.on("close", () => resolve(last.includes("[DONE]")));
    });
    call.on("error", () => resolve(false));
    call.end(body);
  });

/** The resident memory of a process in MB. */
const residentMb = async ({ pid }: ChildProcess): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
};

async function soak(limits: { minutes: number; streams: number; seconds: number; port: number }): Promise<void> {
  const provider = await startProvider(limits.seconds);
  const main = process.argv[1] ?? "";
  const gateway = spawn(process.execPath, [main, "serve-gateway", "--port", String(limits.port), "--upstream", provider.url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  gateway.stdout.on("data", (data: Buffer) => {
    said += data.toString("utf8");
  });
  while (!said.includes("serves")) await sleep(100);
  const until = Date.now() + limits.minutes * 60_000;
  const agent = new Agent({ keepAlive: true, maxSockets: limits.streams });
  const counts = { whole: 0, broken: 0 };
  const one = async (number: number): Promise<void> => {
    // Spread out, so that they do not all begin and end at once.
    await sleep((number / limits.streams) * limits.seconds * 1_000);
    while (Date.now() < until) counts[(await readStream(agent, limits.port)) ? "whole" : "broken"] += 1;
  };
  const all = Promise.all(Array.from({ length: limits.streams }, (_, number) => one(number)));
  const begun = Date.now();
  while (Date.now() < until) {
    await sleep(Math.min(30_000, Math.max(0, until - Date.now())));
    console.log(
      `${Math.round((Date.now() - begun) / 1_000)} s: ${await residentMb(gateway)} MB resident, ${counts.whole} streams whole, ${counts.broken} broken`,
    );
  }
  await all;
  gateway.kill("SIGTERM");
  await once(gateway, "close");
  console.log(
    `${counts.whole} streams were whole, ${counts.broken} broken; ${/requests metered and stored: \d+/.exec(said)?.[0] ?? "no count of rows"}`,
  );
  agent.destroy();
  provider.close();
}

if ([minutes, streams, streamSeconds, port].some((value) => !(value !== undefined && value > 0)) || process.platform !== "linux") {
  process.stderr.write("On Linux: npm run bench -- soak [--minutes 10] [--streams 1000] [--stream-seconds 20] [--port 8123]\n");
  process.exitCode = 2;
} else {
  await soak({ minutes: minutes ?? 10, streams: streams ?? 1_000, seconds: streamSeconds ?? 20, port: port ?? 8_123 });
  process.exit();
}
