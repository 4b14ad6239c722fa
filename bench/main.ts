/** Every benchmark by name; each prints its own figures when loaded. */
const benches = {
  anomalies: () => import("./anomalies.ts"),
  "spend-anomalies": () => import("./spend-anomalies.ts"),
  "forecast-coverage": () => import("./forecast-coverage.ts"),
  "slack-acks": () => import("./slack-acks.ts"),
  answers: () => import("./answers.ts"),
  ask: () => import("./ask.ts"),
  exact: () => import("./exact.ts"),
  ingest: () => import("./ingest.ts"),
  "savings-study": () => import("./savings-study.ts"),
  "serve-gateway": () => import("./serve-gateway.ts"),
  routing: () => import("./routing.ts"),
  soak: () => import("./soak.ts"),
  storm: () => import("./storm.ts"),
  idle: () => import("./idle.ts"),
} satisfies Record<string, () => Promise<unknown>>;

const [name = ""] = process.argv.slice(2);
const bench = Object.entries(benches).find(([known]) => known === name)?.[1];
if (bench === undefined) {
  process.stderr.write(`Name a benchmark: npm run bench -- ${Object.keys(benches).join(" | ")}\n`);
  process.exitCode = 2;
} else {
  await bench();
}
