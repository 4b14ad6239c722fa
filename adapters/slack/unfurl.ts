import type { types } from "@slack/bolt";
import type { Reception } from "../../src/core/delivery.ts";
import { pageLinkOf } from "../../src/core/page-link.ts";
import { heading, section } from "./blocks.ts";
import { toAppError } from "./errors.ts";
import { parseLinks, type SharedLinks } from "./parse-surfaces.ts";
import type { SlackClients } from "./send.ts";

/** What is behind each link to a page of ours, by the address as Slack wrote it; links of others are left out. */
function unfurlsOf({ urls }: SharedLinks, publicUrl: string | undefined, now: Date): types.LinkUnfurls {
  if (publicUrl === undefined) return {};
  return Object.fromEntries(
    urls.flatMap((url) => {
      const page = pageLinkOf(url.replaceAll("&amp;", "&"), publicUrl, now);
      return page === undefined ? [] : [[url, { blocks: [...heading(page.title).blocks, ...section(page.text).blocks] }]];
    }),
  );
}

/** Shows what is behind the links of a message. An AppError says why not; shown again it is the same. */
async function unfurlInSlack({ patient }: SlackClients, { target }: SharedLinks, unfurls: types.LinkUnfurls): Promise<void> {
  try {
    await patient.chat.unfurl({ ...target, unfurls });
  } catch (error) {
    throw toAppError(error, "show what is behind a link");
  }
}

/** Links to pages of ours, shown as what they lead to once their sender is admitted; nobody is told where they are not. */
export function hearLinks(
  body: unknown,
  now: Date,
  { publicUrl, clientsOf }: { readonly publicUrl: string | undefined; readonly clientsOf: (workspace: string) => Promise<SlackClients> },
): Reception {
  const shared = parseLinks(body, now);
  const unfurls = unfurlsOf(shared, publicUrl, now);
  if (Object.keys(unfurls).length === 0) return { type: "ignored", why: "no link of this message leads to a page of ours" };
  return {
    type: "event",
    event: shared.event,
    refusal: () => "{}",
    async afterwards(heard) {
      if (heard.type === "taken") await unfurlInSlack(await clientsOf(shared.event.thread.workspace), shared, unfurls);
    },
  };
}
