import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TeamsAccess } from "../../../adapters/teams/config.ts";
import { createTeamsVerifier, isTrustedService } from "../../../adapters/teams/verify.ts";
import { AppError } from "../../../src/core/errors.ts";
import { appId, startTeamsService, type TeamsService } from "../../setup/teams-service.ts";

const minutes = (count: number): number => count * 60_000;

/** The keys and tokens are those of a small server of our own; what is forged is in the contract test. */
describe("the Bot Framework's tokens", () => {
  let service: TeamsService;
  let access: TeamsAccess;
  beforeAll(async () => {
    service = await startTeamsService();
    access = { kind: "cloud", appPassword: "s", openIdUrl: service.openIdUrl, loginUrl: service.loginUrl, serviceOrigins: [] };
  });
  afterAll(() => service.close());

  const requestAt = async (now: Date, header = {}) => ({
    headers: { authorization: `Bearer ${await service.token(now, {}, header)}` },
    body: "{}",
  });
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "accepted",
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  it("fetches the keys once, also for many at once, and again after a day", async () => {
    const verify = createTeamsVerifier({ appId, access });
    const now = new Date();
    const asked = service.keysAsked;
    const request = await requestAt(now);
    await Promise.all(Array.from({ length: 10 }, () => verify(request, now)));
    await verify(request, now);
    expect(service.keysAsked - asked).toBe(1);
    const tomorrow = new Date(now.getTime() + minutes(24 * 60 + 1));
    await verify(await requestAt(tomorrow), tomorrow);
    expect(service.keysAsked - asked).toBe(2);
  });

  it("takes a new key when the service signs with one, but does not ask for every made-up one", async () => {
    const verify = createTeamsVerifier({ appId, access });
    const now = new Date();
    await verify(await requestAt(now), now);
    await service.rollOver();
    const asked = service.keysAsked;
    const later = new Date(now.getTime() + minutes(2));
    expect(await codeOf(verify(await requestAt(later), later))).toBe("accepted");
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => requestAt(later, { kid: `made-up-${i}` })));
    expect(new Set(await Promise.all(made.map((request) => codeOf(verify(request, later)))))).toEqual(new Set(["unauthenticated"]));
    expect(service.keysAsked - asked).toBe(1);
  });

  it("fails closed while keys cannot be had, goes on with those it has for a day, and comes back by itself", async () => {
    const verify = createTeamsVerifier({ appId, access });
    const now = new Date();
    service.down = true;
    expect(await codeOf(verify(await requestAt(now), now))).toBe("provider_down");
    service.down = false;
    const soon = new Date(now.getTime() + 3_000);
    expect(await codeOf(verify(await requestAt(soon), soon))).toBe("accepted");
    service.down = true;
    const nextDay = new Date(soon.getTime() + minutes(25 * 60));
    expect(await codeOf(verify(await requestAt(nextDay), nextDay))).toBe("accepted");
    const muchLater = new Date(soon.getTime() + minutes(49 * 60));
    expect(await codeOf(verify(await requestAt(muchLater), muchLater))).toBe("provider_down");
    service.down = false;
  });

  it("forgives five minutes between two clocks", async () => {
    const verify = createTeamsVerifier({ appId, access });
    const now = new Date();
    expect(await codeOf(verify(await requestAt(new Date(now.getTime() + minutes(5.5))), now))).toBe("accepted");
    expect(await codeOf(verify(await requestAt(new Date(now.getTime() + minutes(6.5))), now))).toBe("unauthenticated");
  });

  it("sends its own token to Microsoft's services alone", () => {
    const trusted = (url: string) => isTrustedService(access, url);
    expect(["https://smba.trafficmanager.net/emea/", "https://europe.api.botframework.com"].map(trusted)).toEqual([true, true]);
    for (const url of [
      "http://smba.trafficmanager.net/",
      "https://evil.trafficmanager.net/",
      "https://smba.trafficmanager.net.evil.example/",
      "https://smba.trafficmanager.net:8443/",
      "https://evilbotframework.com/",
      "http://127.0.0.1/",
      "nonsense",
    ])
      expect([url, trusted(url)]).toEqual([url, false]);
  });

  it("takes requests without tokens for the playground alone, as JSON, and answers to this machine alone", async () => {
    const playground: TeamsAccess = { kind: "playground", url: "http://localhost:56150" };
    const verify = createTeamsVerifier({ appId: "", access: playground });
    const as = (type: string) => codeOf(verify({ headers: { "content-type": type }, body: "{}" }, new Date()));
    expect([await as("application/json"), await as("text/plain"), await as("")]).toEqual([
      "accepted",
      "unauthenticated",
      "unauthenticated",
    ]);
    const trusted = [
      "http://localhost:56150/_connector",
      "http://127.0.0.1:56150",
      "http://localhost:1/",
      "https://smba.trafficmanager.net/",
    ];
    expect(trusted.map((url) => isTrustedService(playground, url))).toEqual([true, true, false, false]);
  });
});
