import { defineConfig } from "prisma/config";

/** For the prisma command line alone (`npx prisma migrate …`); Apex itself migrates at start and reads none of this. */
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // oxlint-disable-next-line node/no-process-env -- the tool's own configuration file
  datasource: { url: process.env["DATABASE_URL"] ?? "postgresql://localhost:5432/apex" },
});
