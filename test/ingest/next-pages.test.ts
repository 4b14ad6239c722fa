import { describe, expect, it } from "vitest";
import { apiAddress } from "../../src/ingest/address.ts";
import { nextPages } from "../../src/ingest/next-pages.ts";

const read = async (pages: readonly { readonly has_more: boolean; readonly next_page?: string | null }[]) => {
  const asked: (string | undefined)[] = [];
  const read: unknown[] = [];
  for await (const page of nextPages("the report", async (token) => {
    asked.push(token);
    const page = pages[asked.length - 1];
    if (page === undefined) throw new Error("asked for more than there is");
    return page;
  }))
    read.push(page);
  return { asked, read: read.length };
};

describe("reading pages", () => {
  it("asks for each next page by its token until there are no more", async () => {
    const pages = [{ has_more: true, next_page: "b" }, { has_more: true, next_page: "c" }, { has_more: false }];
    expect(await read(pages)).toEqual({ asked: [undefined, "b", "c"], read: 3 });
  });

  it("refuses a report that would never end", async () => {
    const again = { has_more: true, next_page: "b" };
    await expect(read([again, again])).rejects.toMatchObject({ code: "bad_input" });
    await expect(read([{ has_more: true, next_page: null }])).rejects.toThrow(/the report says at "next_page"/);
  });
});

describe("an address below a base", () => {
  it("keeps the base's path and repeats what stands several times", () => {
    const query = { group_by: ["a", "b"], limit: 3, page: undefined };
    expect(apiAddress({ baseUrl: "https://x.example/v1/" }, "usage/completions", query).href).toBe(
      "https://x.example/v1/usage/completions?group_by=a&group_by=b&limit=3",
    );
  });

  it("is refused where the base could tell a secret or is no web address", () => {
    for (const base of ["", "x.example", "ftp://x.example", "https://me:pass@x.example", "https://x.example/?key=1", "file:///etc/passwd"])
      expect(() => apiAddress({ baseUrl: base }, "usage")).toThrow(/^The setting baseUrl is not an address/);
  });
});
