/** The value of a JSON text; undefined where it is none. */
export const jsonValueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
