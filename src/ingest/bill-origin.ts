import { sha256 } from "../core/canonical.ts";

/**
 * The name of a bill in files: the same format and the same `parts` (who bills whom for which period, as the file says) are the
 * same bill, whatever the file is called. A newer reading of a bill's day takes the place of an older one.
 */
export const billOrigin = (format: string, ...parts: readonly string[]): string =>
  `file/${format}/${sha256(JSON.stringify(parts)).slice(0, 32)}`;
