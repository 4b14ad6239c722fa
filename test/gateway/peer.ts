import { LLMock } from "@copilotkit/aimock";
import { onTestFinished } from "vitest";

/** A provider that others wrote: it speaks the APIs of OpenAI, Anthropic and Google, and answers what it was taught. */
export const startPeer = async (teach: (peer: LLMock) => void): Promise<LLMock> => {
  const peer = new LLMock({ port: 0, host: "127.0.0.1" });
  teach(peer);
  await peer.start();
  onTestFinished(() => peer.stop());
  return peer;
};
