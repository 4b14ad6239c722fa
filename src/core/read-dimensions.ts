import { AppError } from "./errors.ts";
import { Dimension } from "./usage-store.ts";

/** Reads "model,team" as dimensions; an AppError "bad_input" that lists those that there are. */
export const readDimensions = (text: string | undefined): readonly Dimension[] =>
  (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((name) => {
      const dimension = Dimension.safeParse(name);
      if (dimension.success) return dimension.data;
      throw new AppError("bad_input", `Spend cannot be split by "${name.slice(0, 40)}". Split it by ${Dimension.options.join(", ")}.`);
    });
