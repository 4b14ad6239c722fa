import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { createContext, Script } from "node:vm";
import { describe, expect, it, onTestFinished } from "vitest";
import { createBoundedServer, type ServerBounds, serverBounds } from "../../src/http/bounded-server.ts";
import { completion, json, listen, question, type Rig, type RigOptions, secret, startRig } from "./rig.ts";

interface Port {
  readonly rig: Rig;
  readonly port: number;
  connections(): Promise<number>;
}

/** The real gateway behind the server that our port has, with bounds of the test's own. */
const open = async (bounds: Partial<ServerBounds> = {}, options: Partial<RigOptions> = {}): Promise<Port> => {
  const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
  const rig = await startRig({ upstreamUrl: upstream.url, ...options });
  const server = createBoundedServer(rig.gateway.handle, { ...serverBounds, ...bounds });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    rig,
    port: address.port,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
  };
};

/** A raw client that remembers what it was sent. */
const client = async (port: number): Promise<{ socket: Socket; said: () => string; closed: () => boolean }> => {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  let closed = false;
  socket.on("error", () => undefined);
  socket.on("data", (data: Buffer) => (said += data.toString()));
  socket.once("close", () => (closed = true));
  await once(socket, "connect");
  onTestFinished(async () => void socket.destroy());
  return { socket, said: () => said, closed: () => closed };
};

const head = (extra: string, path = "/v1/chat/completions"): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\n${extra}\r\n\r\n`;

const body = JSON.stringify(question);
const wholeRequest = head(`content-length: ${body.length}`) + body;

/** The status of one request over a connection of its own. */
const served = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${secret}`, "content-length": body.length };
    const sent = request({ port, host: "127.0.0.1", path: "/v1/chat/completions", method: "POST", headers, agent: false }, (res) => {
      res.resume().once("close", () => resolve(res.statusCode));
    });
    sent.once("error", reject);
    sent.end(body);
  });

setFlagsFromString("--expose-gc");
const collecting = createContext();
const collect = new Script("gc()");

/** Bytes outside the heap that someone holds: what nobody does is collected first. */
const heldBytes = (): number => {
  collect.runInContext(collecting);
  return process.memoryUsage().arrayBuffers;
};

const mb = 1024 * 1024;

/** Sends so many megabytes, minding back-pressure, as chunks of a chunked body or plainly. */
const pour = async (socket: Socket, megabytes: number, chunked: boolean): Promise<void> => {
  const piece = Buffer.alloc(mb, "x");
  for (let sent = 0; sent < megabytes && !socket.destroyed; sent++) {
    if (chunked) socket.write(`${mb.toString(16)}\r\n`);
    socket.write(piece);
    if (chunked) socket.write("\r\n");
    while (socket.writableNeedDrain && !socket.destroyed) await sleep(1);
  }
  if (chunked && !socket.destroyed) socket.write("0\r\n\r\n");
};

describe("a body of 50 MB", () => {
  it.each([
    ["that says how long it is", "/v1/chat/completions", false, '{"error":{"message":"The request body is larger than 20 MB.'],
    ["in chunks", "/v1/chat/completions", true, '{"error":{"message":"The request body is larger than 20 MB.'],
    ["for Anthropic's API", "/v1/messages", false, '{"type":"error","error":{"type":"request_too_large"'],
  ])(
    "%s is refused with 413 in the caller's format; memory does not grow with it, and the connection goes on",
    async (_how, path, chunked, answer) => {
      const { port, rig } = await open();
      const { socket, said, closed } = await client(port);
      const before = heldBytes();
      let most = 0;
      const watch = setInterval(() => {
        most = Math.max(most, heldBytes() - before);
      }, 20);
      socket.write(head(chunked ? "transfer-encoding: chunked" : `content-length: ${50 * mb}`, path));
      await pour(socket, 50, chunked);
      await expect.poll(said, { timeout: 5_000 }).toContain(answer);
      clearInterval(watch);
      expect(said()).toMatch(/^HTTP\/1\.1 413 /);
      // Of a body in chunks, all up to the limit of 20 MB is kept until it is passed.
      expect(most).toBeLessThan((chunked ? 30 : 10) * mb);
      expect(heldBytes() - before).toBeLessThan(5 * mb);
      expect(closed()).toBe(false);
      socket.write(wholeRequest);
      await expect
        .poll(() =>
          said()
            .split("HTTP/1.1 ")
            .map((text) => text.slice(0, 3)),
        )
        .toEqual(["", "413", "200"]);
      expect(await rig.rowsWhen(1)).toHaveLength(1);
    },
  );

  it("of who sends no more of it is not waited for: the connection is closed", async () => {
    const { port, connections } = await open();
    const { socket, said, closed } = await client(port);
    socket.write(`${head(`content-length: ${50 * mb}`)}{`);
    await expect.poll(said, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 413 /);
    await expect.poll(closed, { timeout: 15_000 }).toBe(true);
    expect(await connections()).toBe(0);
  });
});

describe("a slow-loris client", () => {
  const bounds = { headersTimeoutMs: 400, checkEveryMs: 50 };

  it("that dribbles its headers is told 408 and cut off, while others are served", async () => {
    const { port, connections, rig } = await open(bounds);
    const slow = await Promise.all(Array.from({ length: 20 }, () => client(port)));
    const dribble = setInterval(() => {
      for (const { socket } of slow) if (!socket.destroyed) socket.write("x");
    }, 20);
    for (const { socket } of slow) socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ");
    expect(await served(port)).toBe(200);
    await expect.poll(() => slow.every(({ closed }) => closed()), { timeout: 5_000 }).toBe(true);
    clearInterval(dribble);
    expect(slow.every(({ said }) => said().startsWith("HTTP/1.1 408 "))).toBe(true);
    expect(await served(port)).toBe(200);
    await expect.poll(connections).toBe(0);
    expect(await rig.rowsWhen(2)).toHaveLength(2);
  });

  it("that opens a connection and says nothing is cut off too", async () => {
    const { port } = await open(bounds);
    const { closed } = await client(port);
    await expect.poll(closed, { timeout: 5_000 }).toBe(true);
  });

  it("that dribbles its body is told 408 in the caller's format, holds no more than it sent, and leaves no row", async () => {
    const { port, connections, rig } = await open({}, { limits: { bodyTimeoutMs: 300 } });
    const { socket, said, closed } = await client(port);
    socket.write(head("content-length: 1000000", "/v1/messages"));
    const dribble = setInterval(() => socket.write("x"), 20);
    await expect
      .poll(said, { timeout: 5_000 })
      .toContain('{"type":"error","error":{"type":"invalid_request_error","message":"The request body did not arrive');
    expect(said()).toMatch(/^HTTP\/1\.1 408 /);
    expect(await served(port)).toBe(200);
    await expect.poll(closed, { timeout: 15_000 }).toBe(true);
    clearInterval(dribble);
    await expect.poll(connections).toBe(0);
    expect(await rig.rowsWhen(1)).toHaveLength(1);
  });
});

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

describe("idle connections", () => {
  it("by the thousand keep nobody from being served, and leave nothing behind", async () => {
    const count = 2_000;
    process.stdout.write(
      `${count} idle connections: client and server share this process's file descriptors; npm run bench -- idle does 10,000.\n`,
    );
    const { port, connections } = await open();
    expect(await served(port)).toBe(200);
    const before = sockets();
    const idle: Socket[] = [];
    for (let n = 0; n < count; n += 100)
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => client(port)))).map(({ socket }) => socket));
    await expect.poll(connections).toBeGreaterThanOrEqual(count);
    for (let n = 0; n < 50; n++) expect(await served(port)).toBe(200);
    for (const socket of idle) socket.destroy();
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
    await expect.poll(sockets, { timeout: 10_000 }).toBeLessThanOrEqual(before);
  });

  it("beyond the bound are closed at once; those inside it go on", async () => {
    const { port } = await open({ maxConnections: 10 });
    const first = await Promise.all(Array.from({ length: 10 }, () => client(port)));
    const eleventh = await client(port);
    await expect.poll(eleventh.closed, { timeout: 5_000 }).toBe(true);
    first[0]?.socket.write(wholeRequest);
    await expect.poll(() => first[0]?.said() ?? "").toMatch(/^HTTP\/1\.1 200 /);
  });

  it("between two requests are closed after a while, so that they cost nothing for ever", async () => {
    const { port } = await open({ keepAliveTimeoutMs: 200 });
    const { socket, said, closed } = await client(port);
    socket.write(wholeRequest);
    await expect.poll(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(closed()).toBe(false);
    await expect.poll(closed, { timeout: 8_000 }).toBe(true);
  });
});
