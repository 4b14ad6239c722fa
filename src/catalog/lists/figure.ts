import type { Tier } from "../../core/price.ts";
import type { StatedModel } from "../../core/supply.ts";
import type { TokenBucket } from "../../core/tokens.ts";
import type { UnitKind } from "../../core/units.ts";

/** One price that a list spells out. Only for comparing: nothing is ever priced with it. */
export interface ListedFigure {
  /** The provider by the book's own id. */
  readonly provider: string;
  /** The exact model, or what its name has to match. */
  readonly model: string | RegExp;
  readonly tier: Tier;
  /** For requests with more input tokens than this. */
  readonly aboveInputTokens: number;
  /** Empty: where nothing else is said. */
  readonly region: string;
  readonly bucket: TokenBucket | UnitKind;
  /** USD for a million tokens, or for one unit. */
  readonly usd: number;
  /** When the list was last changed, as far as it says: a year and month, or a day. */
  readonly asOf: string;
  /** The UTC day from which the price holds, where the list says so: before or after now. */
  readonly from?: string;
}

/** A file of a directory of price lists: what it holds, and where it lies. */
export interface ListFile {
  /** With slashes, from the directory that was named. */
  readonly path: string;
  /** What the file says, parsed from JSON or TOML. */
  readonly document: unknown;
}

/** A kind of published price list. */
export interface PriceList {
  readonly name: string;
  /** Where it is published and under which licence. */
  readonly origin: string;
  /** The figures of a file; undefined where it is not of this list's shape. A zero says nothing: lists write it for free and for unknown. */
  read(file: ListFile): readonly ListedFigure[] | undefined;
  /** What a file of this list says of models besides their prices; absent where the list is of prices alone. */
  models?(file: ListFile): readonly StatedModel[];
}

/** A year and month in a file's name, such as 2025-09; empty where there is none. */
export const monthIn = (path: string): string =>
  /(?:^|[^\d])(20\d{2}-(?:0[1-9]|1[0-2]))(?!\d)/.exec(path.split("/").at(-1) ?? "")?.[1] ?? "";
