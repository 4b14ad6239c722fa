import type { FileSource } from "../../core/import.ts";
import { jsonRecords, valueAt } from "../json-records.ts";
import { checkMapping } from "../mapped-fields.ts";
import { mappingFromColumns } from "../propose-mapping.ts";
import { firstLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";
import { servedNames } from "../served-names.ts";

/** Every dotted path to a plain value in an object. */
const pathsOf = (value: unknown, prefix = ""): readonly string[] =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? [prefix]
    : Object.entries(value).flatMap(([key, member]) => pathsOf(member, prefix === "" ? key : `${prefix}.${key}`));

/** Usage in JSON Lines files, by mapping; columns are keys or dotted paths. */
export const jsonl: FileSource = {
  source: "jsonl",
  read(path, options, signal) {
    checkMapping(options.mapping);
    return readRows({ source: "jsonl", options, salt: "", records: () => jsonRecords(path, signal), more: servedNames(options.mapping) });
  },
  async propose(path) {
    const [first = ""] = await firstLines(path, 1);
    try {
      const object: unknown = JSON.parse(first);
      return mappingFromColumns("jsonl", pathsOf(object), (column) => valueAt(object, column));
    } catch {
      return undefined;
    }
  },
};
