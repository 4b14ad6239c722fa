import { randomBytes, randomUUID } from "node:crypto";
import { access, chmod, chown, mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { type ServerUser, sharedFolder } from "./postgres-binaries.ts";

const Note = z.object({ folder: z.string().min(1), password: z.string().min(16) });

/** Where a data folder's database files are, and the password of their superuser. */
export type Cluster = z.infer<typeof Note>;

/** Whether "others" may pass through a folder and all above it. */
async function openToOthers(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || (await openToOthers(parent));
}

async function choose(dataDir: string, user: ServerUser): Promise<string> {
  const inside = join(dataDir, "postgres");
  if (user === undefined) return inside;
  if (!(await openToOthers(dirname(dataDir)))) return join(await sharedFolder(), `${basename(dataDir)}-${randomUUID()}`);
  await chmod(dataDir, (await stat(dataDir)).mode | 0o011);
  return inside;
}

/** Whether a cluster's folder holds a database that has been made. */
const holdsFiles = (folder: string): Promise<boolean> =>
  access(join(folder, "data", "PG_VERSION")).then(
    () => true,
    () => false,
  );

async function read(note: string): Promise<Cluster | undefined> {
  const text = await readFile(note, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return Note.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError(
      "not_configured",
      `${note} cannot be read: put it back from a backup, or move the data folder away to start afresh.`,
      {
        cause,
      },
    );
  }
}

/**
 * The database files that belong to a data folder; the folder is made where it is missing. They are in `dataDir`/postgres
 * unless we are root and the server's user cannot reach that (a home of mode 700): then they lie in a folder that it
 * can reach. A note in the data folder names the place, so that it is the same one ever after.
 */
export async function clusterOf(dataDir: string, user: ServerUser): Promise<Cluster> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const home = await realpath(dataDir);
  const note = join(home, "postgres.json");
  const noted = await read(note);
  if (noted === undefined && (await holdsFiles(join(home, "postgres")))) {
    throw new AppError(
      "not_configured",
      `${note} is missing, and with it the password of the database in ${home}: put it back from a backup, or move the data folder away to start afresh.`,
    );
  }
  const cluster = noted ?? { folder: await choose(home, user), password: randomBytes(24).toString("hex") };
  await mkdir(cluster.folder, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(cluster.folder, user.uid, user.gid);
  if (noted === undefined) {
    await writeFile(`${note}.new`, `${JSON.stringify(cluster)}\n`, { mode: 0o600 });
    await rename(`${note}.new`, note);
  }
  return cluster;
}
