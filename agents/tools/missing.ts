/** What is said when a kind of data is absent: what it is and how to connect it. */
export const missingData = {
  usage:
    "No usage is stored for this question. Import some with `apex import FILE`, or send traffic through the gateway (/v1/chat/completions).",
  latency: "Response times: none of the usage carries one. Import with a latency column, or route traffic through the gateway.",
  promptHashes:
    "Prompt hashes: without them repeated prompts cannot be found. Import with a prompt-hash column, or route traffic through the gateway.",
  prefixHashes:
    "Prompt-prefix hashes: without them it cannot be seen how much of each prompt repeats. Import a trace with prefix-block hashes, or route traffic through the gateway.",
  quality:
    "Quality signals (ratings, evaluations, task outcomes): none is connected, so quality is not judged here. A change is applied with a holdout, and its error rate is compared; connect evaluations before relying on quality.",
  rateLimits:
    "Rate limits: the providers' limits for your account are not connected, so headroom cannot be computed. Compare the request and token rates shown with the limits page of each provider's console.",
  savings: "Measured savings stand in the savings ledger, not in usage: run `apex savings` to see them.",
  reasoning:
    "Reasoning effort per request: none of the usage carries reasoning tokens, so what a lower effort would save cannot be computed. Import with a reasoning-tokens column, or route traffic through the gateway.",
  singleRequests:
    "Single requests: this usage is summed by its source, so context sizes are means and nothing can be said per request. Import request-level rows, or route traffic through the gateway.",
} as const;
