/** Words that name what is no production. Each stands as a whole word of a name: "latest", "device" and "demography" hold none of them. */
export const nonProductionWords = [
  "dev",
  "devel",
  "development",
  "test",
  "tests",
  "testing",
  "ci",
  "cicd",
  "staging",
  "stage",
  "stg",
  "sandbox",
  "qa",
  "local",
  "localhost",
  "debug",
  "playground",
  "preview",
  "nightly",
  "e2e",
  "uat",
  "nonprod",
  "preprod",
] as const;

const words: ReadonlySet<string> = new Set(nonProductionWords);

/** Whether a name of a key, workload or team says that it is no production ("search-dev", "ciRunner", "non-prod"). */
export const isNonProduction = (name: string): boolean => {
  const parts = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((part) => part !== "");
  const joined = parts.map((part, index) => `${part}${parts[index + 1] ?? ""}`);
  return [...parts, ...joined.filter((pair) => pair === "nonprod" || pair === "preprod" || pair === "nonproduction")].some(
    (part) => words.has(part) || part === "nonproduction",
  );
};
