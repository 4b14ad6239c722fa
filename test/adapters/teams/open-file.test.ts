import { createServer, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TeamsAccess } from "../../../adapters/teams/config.ts";
import { openTeamsFile } from "../../../adapters/teams/open-file.ts";
import { AppError } from "../../../src/core/errors.ts";

/** A small server of our own in the place of the sender's OneDrive. */
describe("files that are shared in Teams", () => {
  let origin = "";
  let asked: (string | undefined)[] = [];
  let answer: (response: ServerResponse) => void = (response) => void response.end("a,b\n1,2\n");
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    answer(response);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const access = (): TeamsAccess => ({ kind: "cloud", appPassword: "s", openIdUrl: origin, loginUrl: origin, serviceOrigins: [origin] });
  const open = async (url: string): Promise<string> => {
    asked = [];
    const content = await openTeamsFile(access(), { id: "1", name: "usage.csv", url, size: 0 }, new AbortController().signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "opened",
      (error: unknown) => (error instanceof AppError ? error.code : error),
    );

  it("are read by the address that Teams made for the bot, without a token", async () => {
    expect(await open(`${origin}/file`)).toBe("a,b\n1,2\n");
    expect(asked).toEqual([undefined]);
  });

  it.each([
    "https://evil.example/usage.csv",
    "http://acme.sharepoint.com/usage.csv",
    "https://sharepoint.com.evil.example/x",
    "https://sharepoint.com:99/x",
  ])("are asked of nobody but Microsoft: not of %s", async (url) => {
    expect(await codeOf(open(url))).toBe("forbidden");
    expect(asked).toEqual([]);
  });

  it.each([
    [302, "forbidden", 1],
    [403, "forbidden", 1],
    [404, "not_found", 1],
    [429, "rate_limited", 1],
    [503, "provider_down", 3],
  ])("say why they cannot be had after %i", async (status, code, times) => {
    answer = (response) => void response.writeHead(status, { location: "http://127.0.0.1:1/" }).end();
    expect(await codeOf(open(`${origin}/file`))).toBe(code);
    expect(asked).toHaveLength(times);
  });

  it("are refused where they are too large", async () => {
    answer = (response) => void response.writeHead(200, { "content-length": String(2 * 1_024 ** 3) }).write("a");
    expect(await codeOf(open(`${origin}/file`))).toBe("bad_input");
  });
});
