import type { FastifyInstance } from "fastify";

/** Something that must work; `check` throws where it does not. */
export interface ReadyCheck {
  readonly name: string;
  check(): Promise<void>;
}

/** How long a check may take, in milliseconds. */
const checkTimeoutMs = 2_000;

async function passes(check: ReadyCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), checkTimeoutMs);
  });
  const done = check.check().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `/health`: the process answers. `/health/ready`: so does everything that it needs; 503 where something does not. */
export function healthRoutes(app: FastifyInstance, checks: readonly ReadyCheck[]): void {
  app.get("/health", async () => ({ status: "ok" }));
  app.get("/health/ready", async (_request, reply) => {
    const results = await Promise.all(checks.map(async (check) => [check.name, (await passes(check)) ? "ok" : "failing"] as const));
    const ready = results.every(([, state]) => state === "ok");
    return reply.status(ready ? 200 : 503).send({ status: ready ? "ok" : "failing", checks: Object.fromEntries(results) });
  });
}
