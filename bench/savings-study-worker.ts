import { parentPort } from "node:worker_threads";
import { addCounts, type StudyTask } from "./savings-study-cells.ts";
import { runStudy } from "./savings-study-run.ts";

parentPort?.on("message", (task: StudyTask) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  parentPort?.postMessage(runStudy(task).reduce(addCounts));
});
