import type { Card } from "../src/core/card.ts";
import type { MessageRef, ThreadKey } from "../src/core/conversation.ts";
import type { AnyPlatformAdapter, PlatformAdapter } from "../src/core/delivery.ts";
import { noticeCard } from "./notice-card.ts";
import { runCard } from "./run-card.ts";

/** Hides an adapter's payload type. */
export function anyAdapter<Payload>(adapter: PlatformAdapter<Payload>): AnyPlatformAdapter {
  const post = (thread: ThreadKey, card: Card, existing: MessageRef | undefined): Promise<MessageRef> =>
    adapter.send(thread, adapter.render(card), existing, card.about);
  return {
    platform: adapter.platform,
    receive: (raw, now) => adapter.receive(raw, now),
    find: (thread, about) => adapter.find(thread, about),
    tell: (thread, to, text) => adapter.tell(thread, to, text),
    direct: (to) => adapter.direct(to),
    ...(adapter.showHome === undefined ? {} : { showHome: adapter.showHome }),
    ...(adapter.suggest === undefined ? {} : { suggest: adapter.suggest }),
    ...(adapter.entitle === undefined ? {} : { entitle: adapter.entitle }),
    ...(adapter.openFile === undefined ? {} : { openFile: adapter.openFile }),
    ...(adapter.rolesOf === undefined ? {} : { rolesOf: adapter.rolesOf }),
    ...(adapter.listen === undefined ? {} : { listen: adapter.listen }),
    post,
    show: (thread, view, existing) => post(thread, runCard(view), existing),
    notify: (thread, view, existing) => post(thread, noticeCard(view), existing),
  };
}
