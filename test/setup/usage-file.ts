import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes a CSV of 300 hours of one workload, "checkout", on gpt-5; gives its path. */
export async function writeUsage(folder: string): Promise<string> {
  const path = join(folder, "usage.csv");
  const rows = Array.from(
    { length: 300 },
    (_, i) => `${new Date(Date.now() - i * 3_600_000).toISOString()},gpt-5,${2_000 + i},80,checkout`,
  );
  await writeFile(path, ["timestamp,model,prompt_tokens,completion_tokens,feature", ...rows].join("\n"));
  return path;
}
