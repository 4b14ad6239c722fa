import type { Screen } from "./screen.ts";

/** How the terminal adapter draws, and where. */
export interface ConsoleConfig {
  /** The workspace that this terminal belongs to; its people are known by it. */
  readonly workspace: string;
  /** Columns. */
  readonly width: number;
  /** Whether ANSI colours may be used. */
  readonly color: boolean;
  readonly screen: Screen;
}
