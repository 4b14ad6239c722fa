import { AppError } from "../core/errors.ts";

/** A page of a report whose next one is asked for by a token. */
interface Page {
  readonly has_more: boolean;
  readonly next_page?: string | null | undefined;
}

/** Reads pages until there are no more. A report that names no next page, or the same one again, is refused: it would never end. */
export async function* nextPages<P extends Page>(what: string, read: (page: string | undefined) => Promise<P>): AsyncGenerator<P> {
  const seen = new Set<string>();
  for (let token: string | undefined; ; ) {
    const page = await read(token);
    yield page;
    if (!page.has_more) return;
    token = page.next_page ?? undefined;
    if (token === undefined || seen.has(token))
      throw new AppError("bad_input", `${what} says at "next_page" that there is more, but not where: read it again later.`);
    seen.add(token);
  }
}
