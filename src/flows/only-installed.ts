import type { MemberStore, ThreadKey } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";

/** Whether Apex was taken out of a thread's workspace, so that nothing is sent there any more. */
export const isGone = async (members: Pick<MemberStore, "installationOf">, { platform, workspace }: ThreadKey): Promise<boolean> =>
  (await members.installationOf(platform, workspace))?.removed === true;

/** An adapter that sends nothing, an AppError "forbidden", to a workspace that Apex was removed from. */
export function onlyInstalled(adapter: AnyPlatformAdapter, members: Pick<MemberStore, "installationOf">): AnyPlatformAdapter {
  const check = async (thread: ThreadKey): Promise<void> => {
    if (!(await isGone(members, thread))) return;
    throw new AppError("forbidden", `Apex was removed from the ${thread.platform} workspace ${thread.workspace}: nothing is sent there.`);
  };
  return {
    ...adapter,
    async post(thread, card, existing) {
      await check(thread);
      return adapter.post(thread, card, existing);
    },
    async show(thread, view, existing) {
      await check(thread);
      return adapter.show(thread, view, existing);
    },
    async notify(thread, view, existing) {
      await check(thread);
      return adapter.notify(thread, view, existing);
    },
    async tell(thread, to, text) {
      await check(thread);
      return adapter.tell(thread, to, text);
    },
  };
}
