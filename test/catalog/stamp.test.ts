import { describe, expect, it } from "vitest";
import { stamped } from "../../src/catalog/stamp.ts";
import { UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";

const stamp = { cost: 7n, priceVersion: "v1", unpricedReason: "" };
const plain: UsageEvent = { ...plainUsage, id: "1", orgId: "org_stamp" };

describe("a stamped event", () => {
  it("is the event and its stamp, and nothing else", () => {
    expect(stamped(plain, stamp)).toStrictEqual({ ...plain, ...stamp });
  });

  it("keeps every member that an event may have", () => {
    const rare = {
      bandTokens: 1,
      units: { web_search: 2 },
      region: "eu",
      charged: "0.000000000001",
      unmetered: true,
      part: "attempt",
      finish: "length",
      formatOk: false,
    } as const;
    expect(new Set([...Object.keys(plain), ...Object.keys(rare)])).toEqual(new Set(Object.keys(UsageEvent.shape)));
    expect(stamped({ ...plain, ...rare }, stamp)).toStrictEqual({ ...plain, ...rare, ...stamp });
  });
});
