import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { type AgentsPlayground, type Shown, startAgentsPlayground } from "../setup/agents-playground.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const artefacts = join(import.meta.dirname, "../artefacts");

const wordsOf = ({ attachments }: Shown): string => JSON.stringify(attachments);

const Action = z.looseObject({ type: z.literal("Action.Execute"), verb: z.string(), data: z.looseObject({ id: z.string() }) });
type Action = z.infer<typeof Action>;

/** Every button of a message, wherever it stands. */
function buttonsOf(value: unknown): readonly Action[] {
  if (Array.isArray(value)) return value.flatMap(buttonsOf);
  if (typeof value !== "object" || value === null) return [];
  const action = Action.safeParse(value);
  return [...(action.success ? [action.data] : []), ...Object.values(value).flatMap(buttonsOf)];
}

const buttonOf = (message: Shown, verb: string): Action | undefined =>
  buttonsOf(message.attachments).find((action) => action.verb === verb);

/** The playground is told where the bot will listen before it listens. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

describe("the whole loop in Teams, through Microsoft's Agents Playground", () => {
  let teams: AgentsPlayground;
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;

  const until = async <T>(what: string, look: () => T | undefined, seconds = 60): Promise<T> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(100)) {
      const found = look();
      if (found !== undefined) return found;
    }
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output().slice(-8_000)}`);
  };

  beforeAll(async () => {
    const port = await freePort();
    [teams, standIn] = await Promise.all([startAgentsPlayground(`http://127.0.0.1:${port}/teams/messages`), startStandIn()]);
    workspace = await createWorkspace({
      PORT: String(port),
      TEAMS_PLAYGROUND_URL: teams.url,
      TEAMS_TENANTS: teams.tenant,
      TEAMS_ADMINS: teams.alex.aadObjectId,
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
    });
    service = await workspace.up();
    const csv = join(workspace.dataDir, "usage.csv");
    const rows = Array.from(
      { length: 400 },
      (_, i) => `${new Date(Date.now() - i * 1_800_000).toISOString()},gpt-5,${2_000 + i},80,${i % 2 === 0 ? "checkout" : "search"}`,
    );
    await writeFile(csv, ["timestamp,model,prompt_tokens,completion_tokens,feature", ...rows].join("\n"));
    expect(await workspace.apex("import", csv)).toMatchObject({ code: 0 });
  }, 120_000);
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), teams.close(), standIn.close()]);
  }, 60_000);

  it("greets whoever installs it, in their own chat", async () => {
    await teams.install(teams.personalChat);
    const greeting = await until("a greeting", () => teams.shown(teams.personalChat).at(-1));
    expect(wordsOf(greeting)).toContain("AdaptiveCard");
  }, 90_000);

  it("asks why on reject, in the place of the card, and says on the card who rejected", async () => {
    const before = teams.shown(teams.personalChat).length;
    await teams.say(teams.personalChat, teams.alex.id, "how can we cut our spend without losing quality?", false);
    const report = await until("a report with buttons", () =>
      teams.shown(teams.personalChat).find((message, index) => index >= before && buttonOf(message, "reject") !== undefined),
    );
    const reject = buttonOf(report, "reject");
    if (reject === undefined) throw new Error("no button");
    expect(await teams.press(teams.personalChat, teams.alex.id, report.messageId, "reject", reject.data)).toBe(200);
    const data = { form: "reject", id: reject.data.id, reason: "not this quarter" };
    expect(await teams.press(teams.personalChat, teams.alex.id, report.messageId, "form", data)).toBe(200);
    const rejected = await until("the card says so", () =>
      teams.shown(teams.personalChat).find((message) => wordsOf(message).includes("not this quarter")),
    );
    expect(rejected.messageId).toBe(report.messageId);
    expect(wordsOf(rejected)).toContain("Rejected by");
  }, 180_000);

  it("answers a mention in a channel with one message that it edits, tells a stranger no, and applies an admin's approval once", async () => {
    const place = await teams.say(teams.channel, teams.megan.id, "how can we cut our spend?", true);
    const report = await until("a report with buttons", () =>
      teams.shown(place).find((message) => buttonOf(message, "approve") !== undefined),
    );
    expect(teams.shown(place)).toHaveLength(1);
    expect(report.changes).toBeGreaterThan(0);
    const approve = buttonOf(report, "approve");
    if (approve === undefined) throw new Error("no button");

    expect(await teams.press(place, teams.megan.id, report.messageId, "approve", approve.data)).toBe(200);
    await until("the stranger's press is dealt with", () => (/"job":"decide-[^}]*Job done/.test(service.output()) ? true : undefined));
    expect(service.output()).not.toContain("In effect as policy version 1");

    await Promise.all([
      teams.press(place, teams.alex.id, report.messageId, "approve", approve.data),
      teams.press(place, teams.alex.id, report.messageId, "approve", approve.data),
    ]);
    const decided = await until("the card says that it is in effect", () =>
      teams.shown(place).find((message) => wordsOf(message).includes("In effect as policy version 1")),
    );
    expect(decided.messageId).toBe(report.messageId);
    const offered = buttonsOf(decided.attachments).filter(({ data }) => data.id === approve.data.id);
    expect(offered.map(({ verb }) => verb)).toEqual(["rollback"]);
    expect(teams.shown(place)).toHaveLength(1);
  }, 180_000);

  const inBrowser = browser === undefined ? it.skip : it;
  if (browser === undefined) process.stderr.write("Teams in a browser is not tested: there is no Chromium (apt-get install chromium).\n");

  inBrowser(
    "shows the card in Teams' own drawing, and a press of its button in a browser is a press",
    async () => {
      await mkdir(artefacts, { recursive: true });
      const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
      const window = await chromium.launch({
        ...(browser === undefined ? {} : { executablePath: browser }),
        args: [...args, "--disable-component-update", "--disable-sync"],
      });
      try {
        const page = await window.newPage({ viewport: { width: 1_300, height: 1_700 } });
        await page.route(
          ({ hostname }) => hostname !== "localhost",
          (route) => route.abort(),
        );
        await page.goto(teams.url, { waitUntil: "domcontentloaded" });
        await page.getByText("Type a message").first().waitFor({ timeout: 60_000 });
        await teams.say(teams.personalChat, teams.alex.id, "how can we save on checkout?", false);
        const approve = page.getByRole("button", { name: "Approve" }).last();
        await approve.waitFor({ timeout: 90_000 });
        await page.screenshot({ path: join(artefacts, "teams-report.png") });
        await approve.click();
        await page.getByText("Approved by").last().waitFor({ timeout: 60_000 });
        await page.screenshot({ path: join(artefacts, "teams-approved.png") });
      } finally {
        await window.close();
      }
    },
    240_000,
  );

  it("sends the digest that an admin scheduled, once, also where it came due while nothing ran", async () => {
    const digests = () => teams.shown(teams.personalChat).filter((message) => /week of/i.test(wordsOf(message)));
    const before = digests().length;
    await teams.say(teams.personalChat, teams.alex.id, "digest weekly monday 9 Europe/Berlin", false);
    await until("the schedule is set", () =>
      teams.shown(teams.personalChat).find((message) => wordsOf(message).includes("comes every Monday")),
    );
    const later = new Date(Date.now() + 8 * 24 * 3_600_000).toISOString();
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    const digest = await until("the digest", () => digests()[before]);
    expect(wordsOf(digest)).toContain("checkout");
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    await until("it is looked for again", () => (service.output().includes('"digests-due"') ? true : undefined));
    expect(digests()).toHaveLength(before + 1);
  }, 120_000);
});
