import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../core/errors.ts";

/** Makes a folder and those above it. Node's own recursion never ends where a parent exists and takes no folders (/proc). */
async function makeFolder(folder: string): Promise<void> {
  const exists = async (): Promise<boolean> => (await stat(folder).catch(() => undefined)) !== undefined;
  if (await exists()) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder, { mode: 0o700 }).catch(async (error: unknown) => {
    // Another process may have been first.
    if (!(await exists())) throw error;
  });
}

/** Makes the data folder where it is missing; an AppError "not_configured" where that fails, or it is no folder that can be written. */
export async function makeDataDir(dataDir: string): Promise<void> {
  const refusal = (why: string, cause?: unknown): AppError =>
    new AppError("not_configured", `The data folder ${dataDir} ${why}: set APEX_DATA_DIR to a folder that can be written.`, { cause });
  try {
    await makeFolder(dataDir);
  } catch (cause) {
    throw refusal("cannot be made", cause);
  }
  if (!(await stat(dataDir)).isDirectory()) throw refusal("is not a folder");
  try {
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw refusal("cannot be written", cause);
  }
}
