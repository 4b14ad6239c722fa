import type { FastifyInstance, FastifyReply } from "fastify";
import type { ChatInstaller, NewInstallation } from "../../core/chat-installation.ts";
import { AppError } from "../../core/errors.ts";
import type { Connected } from "../../flows/connect-workspace.ts";

/** One platform's sign-in, and what follows from an installation. */
export interface InstallDeps {
  readonly installer: ChatInstaller;
  readonly connect: (installed: NewInstallation) => Promise<Connected>;
  readonly now: () => Date;
  /** The status that an error is answered with. */
  readonly statusOf: (error: unknown) => number;
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>` +
  `<body><h1>${escape(title)}</h1><p>${escape(text)}</p></body></html>`;

const answer = (reply: FastifyReply, status: number, html: string): FastifyReply =>
  reply
    .status(status)
    .header("content-security-policy", "default-src 'none'")
    .header("referrer-policy", "no-referrer")
    .header("cache-control", "no-store")
    .type("text/html; charset=utf-8")
    .send(html);

const connected = ({ workspaceName, madeAdmin }: Connected): string =>
  `Apex is connected to ${workspaceName}. ` +
  (madeAdmin
    ? "You are its admin: you may approve changes. Say hello to Apex in a direct message."
    : "Roles stay as they were. Say hello to Apex in a direct message.");

/** Lets admins of a platform's workspaces install the bot: one page sends them to the platform, the other takes them back. */
export function installRoutes(app: FastifyInstance, platform: string, deps: InstallDeps): void {
  app.get(`/${platform}/install`, async (_request, reply) => {
    const { location, cookie } = deps.installer.begin(deps.now());
    return reply.header("set-cookie", cookie).header("cache-control", "no-store").redirect(location, 302);
  });
  app.get(`/${platform}/oauth_redirect`, async (request, reply) => {
    const query = Object.fromEntries(new URL(request.url, "http://localhost").searchParams);
    try {
      const installed = await deps.installer.finish({ query, cookies: request.headers.cookie ?? "" }, deps.now());
      const outcome = await deps.connect(installed);
      return await answer(reply, 200, page("Apex is installed", connected(outcome)));
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "internal") throw error;
      return answer(reply, deps.statusOf(error), page("Apex was not installed", error.message));
    }
  });
}
