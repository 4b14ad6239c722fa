import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/global-setup.ts"],
    pool: "forks",
    // The files of a worker share its modules: loading them anew for each file took longer than the tests.
    isolate: false,
    // One more than the cores: much of the time is spent waiting for processes that were killed to be missed.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});
