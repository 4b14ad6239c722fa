/** A prompt split into what is asked and the answers it offers. */
export interface PromptParts {
  readonly stem: string;
  /** Two or more answers to choose among, in order; empty where the prompt offers none. */
  readonly options: readonly string[];
}

const optionLine = /^\s{0,3}\(?([A-Ja-j1-9])[.):]\s+(.*)$/;
const firstLabels = new Set(["A", "a", "1"]);

/** Splits a prompt into its stem and its lettered or numbered options (lines such as "A. …", "b) …", "(1) …"), whatever follows them left out. */
export function partsOf(prompt: string): PromptParts {
  const lines = prompt.split("\n");
  let start = -1;
  for (let n = lines.length - 1; n >= 0 && start < 0; n--) {
    const label = optionLine.exec(lines[n] ?? "")?.[1];
    if (label !== undefined && firstLabels.has(label)) start = n;
  }
  if (start < 0) return { stem: prompt, options: [] };
  const first = optionLine.exec(lines[start] ?? "");
  let code = first?.[1]?.charCodeAt(0) ?? 0;
  const options = [first?.[2] ?? ""];
  for (const line of lines.slice(start + 1)) {
    const found = optionLine.exec(line);
    if (found?.[1]?.charCodeAt(0) === code + 1) {
      code += 1;
      options.push(found[2] ?? "");
    } else if (/^(?:answer|question)?\s*:?\s*$/i.test(line)) {
      break;
    } else {
      options[options.length - 1] = `${options.at(-1) ?? ""} ${line}`;
    }
  }
  return options.length < 2 ? { stem: prompt, options: [] } : { stem: lines.slice(0, start).join("\n"), options };
}
