/** The import rules of the house (docs/adr/001): each room names whom it may import besides itself; all else is an error. */
const rooms = {
  "src/core": ["^node_modules/zod/", "^crypto$"],
  "src/catalog": ["^src/core/"],
  "src/stats": ["^src/core/"],
  "src/routing": ["^src/core/"],
  "src/synthetic": ["^src/(core|stats)/"],
  "src/flows": ["^src/(core|catalog|stats|synthetic)/"],
  "src/ingest": ["^src/(core|catalog)/"],
  "src/gateway": ["^src/(core|catalog)/"],
  "src/actuators": ["^src/core/"],
  "src/telemetry.ts": ["^src/core/"],
  "src/config[a-z-]*.ts": ["^src/core/"],
  "src/stores": ["^src/core/", "^prisma/generated/"],
  "src/http": ["^src/(core|flows)/"],
  adapters: ["^src/core/"],
  agents: ["^src/(core|catalog|stats|synthetic)/"],
  jobs: ["^src/(core|flows)/"],
};

const escape = (path) => path.replace(".", "\\.");
const own = (room) => (room.endsWith(".ts") ? `^${escape(room)}$` : `^${room}/`);
const ours = "^(src|adapters|agents|jobs|prisma|demo|bench|web)/";

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room.replaceAll("/", "-")}-stays-in-its-room`,
  severity: "error",
  from: { path: own(room) },
  to: room === "src/core" ? { pathNot: [own(room), ...allowed] } : { path: ours, pathNot: [own(room), ...allowed] },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    { name: "no-cycles", severity: "error", from: { pathNot: "^prisma/generated/" }, to: { circular: true } },
    {
      name: "no-sibling-platforms",
      severity: "error",
      from: { path: "^adapters/([^/]+)/" },
      to: { path: "^adapters/[^/]+/", pathNot: "^adapters/$1/" },
    },
    {
      name: "no-sibling-sources",
      severity: "error",
      from: { path: "^src/(ingest|actuators)/([^/]+)/" },
      to: { path: "^src/(ingest|actuators)/[^/]+/", pathNot: "^src/$1/$2/" },
    },
    {
      name: "generated-client-only-in-postgres",
      severity: "error",
      from: { pathNot: "^(src/stores/postgres|prisma)/" },
      to: { path: "^prisma/generated/" },
    },
    {
      name: "only-the-composition-root-knows-everyone",
      severity: "error",
      from: {
        path: ours,
        pathNot: "^(src/(compose|compose-[a-z]+|main)\\.ts$|demo/|bench/|src/cli/)",
      },
      to: {
        path: "^src/(compose|compose-[a-z]+|main)\\.ts$",
      },
    },
    { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "not-to-dev-dep",
      severity: "error",
      from: { path: "^(src|adapters|agents|jobs|demo)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".json", ".d.ts"],
    },
  },
};
