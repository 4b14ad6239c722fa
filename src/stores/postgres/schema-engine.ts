import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import { type SchemaEngine, __wbg_set_wasm as setWasm } from "@prisma/schema-engine-wasm/schema_engine_bg";
import { Pool } from "pg";
import { z } from "zod";

const require = createRequire(import.meta.url);
const isFunction = (value: unknown): boolean => typeof value === "function";
const Start = z.custom<() => void>(isFunction);
/** The global is there on every Node; its types come only with the browser's. */
const Wasm = z.object({
  instantiate: z.custom<(bytes: Uint8Array, imports: object) => Promise<{ readonly instance: { readonly exports: object } }>>(isFunction),
});

type SetTimeout = (act: () => void, ms: number) => NodeJS.Timeout;
const SetTimeout = z.custom<SetTimeout>(isFunction);

/**
 * What the engine imports, its timers let go of: it guards each step with one of ten seconds that it never takes back, and would keep a
 * command from ending for as long.
 */
function imports(): Readonly<Record<string, unknown>> {
  const found = new Map<string, unknown>(Object.entries(bindings));
  for (const [name, binding] of found) {
    if (!name.startsWith("__wbg_setTimeout_")) continue;
    const start = SetTimeout.parse(binding);
    found.set(name, (act: () => void, ms: number) => start(act, ms).unref());
  }
  return Object.fromEntries(found);
}

let loading: Promise<void> | undefined;

/** The package's own loader imports the wasm file as a module, which Node does only behind a flag: done here by hand. */
async function load(): Promise<void> {
  const folder = dirname(require.resolve("@prisma/schema-engine-wasm"));
  const bytes = await readFile(join(folder, "schema_engine_bg.wasm"));
  const { instance } = await Wasm.parse(Reflect.get(globalThis, "WebAssembly")).instantiate(bytes, { "./schema_engine_bg.js": imports() });
  setWasm(instance.exports);
  Start.parse(Reflect.get(instance.exports, "__wbindgen_start"))();
}

/** The adapter cuts a script at every semicolon, also inside a function's body: this one sends it whole, as one transaction. */
class WholeScripts extends PrismaPg {
  override async connect(): ReturnType<PrismaPg["connect"]> {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await adapter.underlyingDriver().query(script);
    };
    return adapter;
  }
}

/** Gives `use` Prisma's schema engine on a database, as WebAssembly: nothing is downloaded. */
export async function withSchemaEngine<T>(url: string, datamodel: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  loading ??= load();
  await loading;
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 10_000 });
  pool.on("error", () => undefined);
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(new WholeScripts(pool));
    const engine = await bindings.SchemaEngine.new({ datamodels: [["schema.prisma", datamodel]] }, () => undefined, adapter);
    try {
      return await use(engine);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}
