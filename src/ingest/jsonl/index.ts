import type { FileSource } from "../../core/import.ts";
import { withExtraFields } from "../extra-fields.ts";
import { jsonRecords, valueAt } from "../json-records.ts";
import { keyPaths } from "../key-paths.ts";
import { checkMapping } from "../mapped-fields.ts";
import { mappingFromColumns } from "../propose-mapping.ts";
import { firstLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";
import { servedNames } from "../served-names.ts";

/** Usage in JSON Lines files, by mapping; columns are keys or dotted paths. */
export const jsonl: FileSource = {
  source: "jsonl",
  read(path, options, signal) {
    checkMapping(options.mapping);
    const more = withExtraFields(options.mapping, servedNames(options.mapping));
    return readRows({ source: "jsonl", options, salt: "", records: () => jsonRecords(path, signal), more });
  },
  async propose(path) {
    const [first = ""] = await firstLines(path, 1);
    try {
      const object: unknown = JSON.parse(first);
      return mappingFromColumns("jsonl", keyPaths(object), (column) => valueAt(object, column));
    } catch {
      return undefined;
    }
  },
};
