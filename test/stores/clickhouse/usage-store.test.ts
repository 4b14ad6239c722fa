import { usageStoreSuite } from "../../contract/usage-store.ts";

usageStoreSuite();
