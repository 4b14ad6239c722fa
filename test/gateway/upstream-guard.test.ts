import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { defaultGatewayLimits } from "../../src/gateway/gateway-limits.ts";
import { stopAfter } from "../../src/gateway/stop.ts";
import { createUpstreamClient } from "../../src/gateway/upstream.ts";
import { createUpstreamGuard, guardedLookup, isPublicAddress, type Resolve, UpstreamNotAllowed } from "../../src/gateway/upstream-guard.ts";
import { ask, completion, errorIn, json, listen, question, startRig } from "./rig.ts";

const hidden: readonly (readonly [what: string, address: string])[] = [
  ["loopback", "127.0.0.1"],
  ["loopback", "127.255.255.254"],
  ["loopback", "::1"],
  ["unspecified", "0.0.0.0"],
  ["of this network", "0.1.2.3"],
  ["unspecified", "::"],
  ["private", "10.0.0.1"],
  ["private", "172.16.0.1"],
  ["private", "172.31.255.255"],
  ["private", "192.168.1.1"],
  ["link-local, where clouds keep their metadata", "169.254.169.254"],
  ["link-local", "fe80::1"],
  ["a cloud's metadata on IPv6", "fd00:ec2::254"],
  ["unique local", "fc00::1"],
  ["site-local of old", "fec0::1"],
  ["carrier-grade NAT, where one cloud keeps its metadata", "100.100.100.200"],
  ["a metadata service", "192.0.0.192"],
  ["Azure's own service", "168.63.129.16"],
  ["multicast", "224.0.0.1"],
  ["multicast", "ff02::1"],
  ["broadcast", "255.255.255.255"],
  ["reserved", "240.0.0.1"],
  ["for documents", "192.0.2.1"],
  ["for documents", "2001:db8::1"],
  ["for benchmarks", "198.18.0.1"],
  ["a mapped loopback", "::ffff:127.0.0.1"],
  ["a mapped loopback in hexadecimal", "::ffff:7f00:1"],
  ["a mapped metadata service", "::ffff:169.254.169.254"],
  ["a mapped Azure service", "::ffff:168.63.129.16"],
  ["an IPv4-compatible loopback", "::127.0.0.1"],
  ["a translated loopback", "64:ff9b::7f00:1"],
  ["a translated private address", "64:ff9b:1::a00:1"],
  ["6to4 over a private address", "2002:a00:1::1"],
  ["Teredo", "2001::1"],
  ["no address", "api.openai.com"],
  ["nothing", ""],
];

describe("an address on the internet", () => {
  it.each(["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])("%s is one", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(hidden)("is not %s (%s)", (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("a stored upstream's address", () => {
  const check = (address: string): boolean => createUpstreamGuard().trusts(new URL(address));

  it.each([
    ["plain http", "http://api.openai.com/v1", /is not https/],
    ["another protocol", "file:///etc/passwd", /is not https/],
    ["a name and password", "https://user:pass@api.openai.com/v1", /carries a name or password/],
    ["a name alone", "https://user@api.openai.com/v1", /carries a name or password/],
    ["an IP address that is not public", "https://127.0.0.1/v1", /127\.0\.0\.1 is not on the public internet/],
    ["it as one decimal number", "https://2130706433/v1", /127\.0\.0\.1 is not/],
    ["it in octal", "https://0177.0.0.1/v1", /127\.0\.0\.1 is not/],
    ["it as one octal number", "https://017700000001/v1", /127\.0\.0\.1 is not/],
    ["it in hexadecimal", "https://0x7f000001/v1", /127\.0\.0\.1 is not/],
    ["it shortened", "https://127.1/v1", /127\.0\.0\.1 is not/],
    ["it with a dot behind", "https://127.0.0.1./v1", /127\.0\.0\.1 is not/],
    ["it in wide digits", "https://１２７.０.０.１/v1", /127\.0\.0\.1 is not/],
    ["metadata as a number", "https://2852039166/", /169\.254\.169\.254 is not/],
    ["IPv6 loopback", "https://[::1]/v1", /::1 is not/],
    ["a mapped address", "https://[::ffff:169.254.169.254]/v1", /is not on the public internet/],
  ])("is refused where it has %s", (_what, address, why) => {
    expect(() => check(address)).toThrow(UpstreamNotAllowed);
    expect(() => check(address)).toThrow(why);
  });

  it("is let through to the check of what it resolves to where it is https and named, and trusted only as the operator wrote it", () => {
    expect(check("https://api.openai.com/v1")).toBe(false);
    expect(check("https://1.1.1.1/v1")).toBe(false);
    const guard = createUpstreamGuard();
    guard.trust("http://127.0.0.1:8080/v1");
    expect(guard.trusts(new URL("http://127.0.0.1:8080/v1"))).toBe(true);
    expect(() => guard.trusts(new URL("http://127.0.0.1:8081/v1"))).toThrow(UpstreamNotAllowed);
    expect(() => guard.trusts(new URL("https://127.0.0.1:8080/v1"))).toThrow(UpstreamNotAllowed);
  });
});

/** A resolver whose answers change, as one that rebinds a name does. */
const resolving = (...answers: readonly (readonly LookupAddress[])[]): Resolve => {
  let next = 0;
  return (_host, _options, callback) => callback(null, answers[next++ % answers.length] ?? []);
};

const lookUp = (lookup: Resolve, all: boolean): Promise<unknown> =>
  new Promise((resolve, reject) => {
    guardedLookup(lookup)("upstream.example", { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });

describe("the name of an upstream", () => {
  const outside = { address: "93.184.216.34", family: 4 };
  const inside = { address: "10.0.0.8", family: 4 };

  it("is checked at each connection, so that one that is bound anew to a private address is refused", async () => {
    const lookup = resolving([outside], [inside]);
    expect(await lookUp(lookup, true)).toEqual([outside]);
    await expect(lookUp(lookup, true)).rejects.toThrow(/upstream\.example resolves to 10\.0\.0\.8, which is not on the public internet/);
  });

  it("is refused where only one of its addresses is private, and where it has none", async () => {
    await expect(lookUp(resolving([outside, inside]), false)).rejects.toThrow(UpstreamNotAllowed);
    await expect(lookUp(resolving([]), true)).rejects.toThrow(/has no address/);
    expect(await lookUp(resolving([outside]), false)).toBe(outside.address);
  });

  it("that the system resolves to this machine is refused before anything is sent", async () => {
    const client = createUpstreamClient(defaultGatewayLimits, () => 0);
    const call = { upstream: { provider: "openai", baseUrl: "https://localhost:9/v1", apiKey: "k" }, path: "/models", headers: {} };
    await expect(client.send({ ...call, stop: stopAfter(5_000) })).rejects.toThrow(
      /localhost resolves to (?:127\.0\.0\.1|::1), which is not/,
    );
    await client.close();
  });
});

describe("a gateway whose upstream is stored and not the operator's word", () => {
  it("sends nothing to a private address, says why in the caller's format, and bills nothing", async () => {
    let reached = 0;
    const upstream = await listen((_req, res) => {
      reached += 1;
      json(res, 200, completion("gpt-4o"));
    });
    const rig = await startRig({ upstreamUrl: upstream.url, trusting: false });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(502);
    const error = await errorIn(response);
    expect(error["code"]).toBe("upstream_not_allowed");
    expect(error.message).toContain("openai is set to an address that the gateway does not connect to");
    expect(error.message).toContain("sets APEX_TRUSTED_UPSTREAMS");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error" }]);
    expect(rows[0]?.unmetered).toBeUndefined();
    expect(reached).toBe(0);
  });

  it("follows no redirect, and passes none on", async () => {
    let reached = 0;
    const secretService = await listen((_req, res) => {
      reached += 1;
      json(res, 200, completion("gpt-4o"));
    });
    const upstream = await listen((_req, res) => {
      res.writeHead(307, { location: `${secretService.url}/v1/chat/completions` }).end();
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, question);
    expect([response.status, response.headers.get("location")]).toEqual([502, null]);
    expect(reached).toBe(0);
  });
});
