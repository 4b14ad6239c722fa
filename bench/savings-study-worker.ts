import { parentPort } from "node:worker_threads";
import { addCounts, type StudyTask } from "./savings-study-cells.ts";
import { runStudy } from "./savings-study-run.ts";

parentPort?.on("message", (task: StudyTask) => {
  parentPort?.postMessage(runStudy(task).reduce(addCounts));
});
