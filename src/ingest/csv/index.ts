import type { FileSource } from "../../core/import.ts";
import { cellsOf, csvRecords, delimiterOf } from "../csv-records.ts";
import { withExtraFields, withoutEmptyRows } from "../extra-fields.ts";
import { checkMapping, mappedColumns } from "../mapped-fields.ts";
import { mappingFromColumns } from "../propose-mapping.ts";
import { firstLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";
import { servedNames } from "../served-names.ts";

/** Usage in CSV files with a header line, by mapping. */
export const csv: FileSource = {
  source: "csv",
  read(path, options, signal) {
    checkMapping(options.mapping);
    const needed = mappedColumns(options.mapping);
    return readRows({
      source: "csv",
      options,
      salt: "",
      records: () => csvRecords(path, needed, signal),
      more: withoutEmptyRows(options.mapping, withExtraFields(options.mapping, servedNames(options.mapping))),
    });
  },
  async propose(path) {
    const [header = "", first = ""] = await firstLines(path, 2);
    const columns = cellsOf(header, delimiterOf(header));
    const cells = cellsOf(first, delimiterOf(header));
    if ("refused" in columns || "refused" in cells) return undefined;
    const names = columns.map((column) => column.trim());
    return mappingFromColumns("csv", names, (column) => cells[names.indexOf(column)]);
  },
};
