import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { openSlackFile } from "../../../adapters/slack/open-file.ts";

/** A server of ours that stands in for Slack's host of files: what it answers follows Slack's documents on url_private. */
describe("opening a file that was shared in Slack", () => {
  const open: Server[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const token = "xoxb-secret-token";
  const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    const server = createServer(answer);
    open.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  };
  const config = (origin: string) => ({ token, signingSecret: "a-signing-secret", apiUrl: `${origin}/api/` });
  const file = (url: string, name = "usage.csv") => ({ id: "F1", name, size: 10, url });
  const read = async (origin: string, url = `${origin}/files-pri/T1-F1/usage.csv`, name = "usage.csv"): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const part of await openSlackFile(config(origin), file(url, name), new AbortController().signal)) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  it("fetches it with the bot's token, and tries again where Slack stumbles", async () => {
    const seen: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.statusCode = seen.length < 3 ? 502 : 200;
      response.end("a,b\n1,2\n");
    });
    expect(await read(origin)).toBe("a,b\n1,2\n");
    expect(seen).toEqual(Array(3).fill(`Bearer ${token}`));
  });

  it("gives its token to no other host, port or scheme, whatever the event says", async () => {
    let asked = 0;
    const elsewhere = await serve((_request, response) => {
      asked += 1;
      response.end("stolen");
    });
    const origin = await serve((_request, response) => response.end("fine"));
    for (const url of [
      `${elsewhere}/files-pri/a.csv`,
      origin.replace("http:", "https:"),
      "file:///etc/passwd",
      "http://169.254.169.254/latest/meta-data",
    ])
      await expect(read(origin, url)).rejects.toMatchObject({ code: "forbidden", retry: false });
    const real = { token, signingSecret: "a-signing-secret", apiUrl: "https://slack.com/api/" };
    for (const url of [
      elsewhere,
      "https://files.slack.com.evil.example/a.csv",
      "http://files.slack.com/a.csv",
      "https://files.slack.com:8443/a.csv",
      "https://files.slack.com@evil.example/a.csv",
    ])
      await expect(openSlackFile(real, file(url), new AbortController().signal)).rejects.toMatchObject({ code: "forbidden" });
    expect(asked).toBe(0);
  });

  it("follows no redirect, and knows the sign-in page: the scope is missing", async () => {
    let asked = 0;
    const elsewhere = await serve((_request, response) => {
      asked += 1;
      response.end("stolen");
    });
    const redirecting = await serve((_request, response) => response.writeHead(302, { location: elsewhere }).end());
    const signIn = await serve((_request, response) =>
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>Sign in</html>"),
    );
    for (const origin of [redirecting, signIn]) {
      const failure = await read(origin).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "not_configured" });
      expect(String(failure)).toContain("files:read");
      expect(String(failure)).not.toContain(token);
    }
    expect(asked).toBe(0);
  });

  it("says which failures may pass: too many requests, a broken file, a server that is away", async () => {
    const limited = await serve((_request, response) => response.writeHead(429, { "retry-after": "7" }).end());
    await expect(read(limited)).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 7_000 });
    const broken = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half");
      setTimeout(() => response.destroy(), 50);
    });
    await expect(read(broken)).rejects.toMatchObject({ code: "provider_down", retry: true });
    const gone = await serve((_request, response) => response.writeHead(404).end());
    await expect(read(gone)).rejects.toMatchObject({ code: "not_found", retry: false });
    await expect(read("http://127.0.0.1:1")).rejects.toMatchObject({ code: "provider_down" });
  });
});
