/** Topics that are answered without the spend around them. */
const besideSpend: ReadonlySet<string> = new Set(
  "latency unpriced reconciliation savings cache duplicates quality rate_limits reasoning_effort batch".split(" "),
);

/** Whether the answer needs the spend: questions about speed, caches, prices missing or savings made do not. */
export const aboutSpend = (metrics: readonly string[]): boolean => metrics.length === 0 || metrics.some((topic) => !besideSpend.has(topic));
