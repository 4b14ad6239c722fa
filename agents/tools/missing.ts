/** What is said when a kind of data is absent: what it is and how to connect it. */
export const missingData = {
  usage:
    "No usage is stored for this question. Import some with `apex import FILE`, or send traffic through the gateway (/v1/chat/completions).",
  generated: "No generated usage is stored. Ask for some, like “generate 10,000 e-commerce records for last month, seed 7”.",
  older: "Older usage: import it with `apex import FILE` to compare with it.",
  latency: "Response times: none of the usage asked about carries one. Import with a latency column, or route traffic through the gateway.",
  promptHashes:
    "Prompt hashes: without them repeated prompts cannot be found. Import with a prompt-hash column, or route traffic through the gateway.",
  prefixHashes:
    "Prompt-prefix hashes: without them it cannot be seen how much of each prompt repeats. Import a trace with prefix-block hashes.",
  quality:
    "Quality signals (ratings, evaluations, task outcomes): none is connected, so quality is not judged here. A change is applied with a holdout, and its error rate is compared; connect evaluations before relying on quality.",
  attempts:
    "Attempts: none of the usage says which calls were tried again. Route traffic through the gateway, which keeps a row for each attempt.",
  rateLimits:
    "Rate limits: your account's own limits and its usage tier are not connected, so only published limits of each tier can be compared. Name the tier in the question (“we are on tier 3”), or see the limits page of the provider's console.",
  savings:
    "Measured savings: the ledger holds none for this question. A saving is measured once an approved change is in effect and both sides have been seen; `apex savings` measures it.",
  twoWeeks:
    "Two weeks of usage: a trend compares weekdays with themselves, so it needs each of them twice. Import older usage with `apex import FILE`.",
  fourWeeks: "Older usage: a trend of less than four weeks is uncertain. Import more with `apex import FILE`.",
  toolCalls:
    "Tool calls: no row says how its answer ended, so it is not known which workloads call tools. Route traffic through the gateway, which records it.",
  noToolCalls: "Tool calls: no answer of this usage ends with a call of a tool. Ask for another period, or without naming workloads.",
  bills:
    "Bills: none is connected, so metered usage is not compared with what was invoiced. Connect a source that reads costs (`apex source add`), or import a bill in FOCUS format.",
  reasoning:
    "Reasoning effort per request: none of the usage carries reasoning tokens, so what a lower effort would save cannot be computed. Import with a reasoning-tokens column, or route traffic through the gateway.",
  singleRequests:
    "Single requests: this usage is summed by its source, so context sizes are means and nothing can be said per request. Import request-level rows, or route traffic through the gateway.",
  someSingleRequests:
    "Single requests: a part of this usage is summed by its source, so context sizes there are means. Import request-level rows, or route that traffic through the gateway.",
  status:
    "How requests ended: imported rows that do not say count as answered, so errors are known for gateway traffic and for imports with a status column alone.",
  finish:
    "How answers ended: none of the usage asked about says whether an answer was whole or cut. Route traffic through the gateway, which keeps it.",
  conversations:
    "Conversations: none of the usage asked about names the conversation of a request. Send the header x-apex-conversation through the gateway, or import with a conversation column.",
  media:
    "Images, audio and video: only what a source counts apart is seen; images that it counts as text tokens are not. Detail levels and counts of images are not stored: keep them in your own logs to compare.",
  somePrefixHashes:
    "Prompt-prefix hashes: only a part of the usage has them, so nothing can be said about the rest. Import traces with prefix-block hashes.",
  chains:
    "Conversations or prompt-prefix hashes: without either it cannot be seen how soon requests with the same prompt follow on each other. Send the header x-apex-conversation through the gateway, or import with a conversation column.",
  cacheWrites:
    "Cache writes: none of the usage asked about says that it wrote to a prompt cache (or that its provider charges for it), so there is no time to live to choose.",
  cacheUse: "Prompt caches: none of the usage asked about was read from one or written to one.",
  embeddings:
    "Prompt texts or embeddings: neither is stored, so prompts that only resemble each other cannot be found, and how often a near match would answer wrongly cannot be measured. Embed a sample of prompts on your side and compare them there.",
  samples:
    "Samples per request (n, best of): no source stores how many answers a request asked for. Keep the parameter in your own logs; what is sent as several equal requests is seen by its prompt hash.",
  predictions:
    "Predicted outputs: no source stores how many predicted tokens were rejected, though they are billed as output. Keep completion_tokens_details.rejected_prediction_tokens of OpenAI's answers in your own logs.",
  toolSchemas:
    "Tool definitions: what part of a prompt they are is not stored, only how much of it is the same in most requests. Count the tokens of your tool definitions in code to tell them from the system prompt.",
  retrieval:
    "Retrieved passages: which were retrieved and which of them an answer used is not stored. Log the number retrieved and cited per request on your side.",
  darkFailures:
    "What providers charged for calls that gave no answer: it is not in usage that is metered by answers. It shows as the difference between bills and metered usage: ask “what spend is not metered”.",
  format:
    "Whether answers that had to be JSON were: none of the usage asked about says so. Route traffic through the gateway, which checks them.",
  apiKeys: "API keys: none of the usage asked about names one. Route traffic through the gateway, or import with an API-key column.",
  owners:
    "Users and workloads: no key's usage names any, so whether somebody stands behind a key cannot be told. Send the headers x-apex-user and x-apex-workload through the gateway, or import with these columns.",
  code: "The code: it is not read, so what is said comes from its requests alone. To look for causes one needs the places that call a model: its name, output limit, retries and time-outs, and how prompts are put together.",
  waiting:
    "Work that can wait: nothing in the usage says which. Name the workloads (“what would batches save for NAME”), or import users and conversations, or route traffic through the gateway, so that it is seen who waits.",
  regions: "Regions: none of the usage says where it was served. Import with a region column, or route traffic through the gateway.",
  endDates: "End dates of models: the price book says which are retired, not when they end. Look at the provider's page of deprecations.",
  embeddingModels:
    "Embeddings: none of the usage is on a model that is known to make vectors. Import usage of embedding models, or route it through the gateway.",
  corpusTokens:
    "Size of the vector index: it is not in the usage. Name it (`an index of 500 million tokens`), so that making all vectors anew is counted whole.",
  training:
    "Training and hosting of a fine-tuned model: the price book has no price for them. Name them (`training costs $500, hosting $100 a month`).",
  units:
    "Units beside tokens (searches, code runs, images): none of the usage carries any. Route traffic through the gateway, or connect a source that reports them.",
  routed:
    "Routed requests: none of the usage went by a rule to another model than it asked for. Approve a routing change, or route traffic through the gateway.",
  escalated:
    "Share of requests that are escalated: too few are stored to tell it. Name it (`30 % are escalated`), or set up a cascade in the gateway for a part of the traffic.",
  reservedUnits:
    "Reserved units: what an hour of one costs, and how many tokens a minute it takes, is not in the usage. Name both (`a PTU costs $1 an hour and takes 2,500 tokens a minute`), or add the price to your contract (`apex prices contract add FILE.json`).",
  supply:
    "What sources say of prices and models: none was read yet. Name price lists in APEX_PRICE_LISTS, or read one with `apex supply research --file FILE --format LIST`; see docs/supply.md.",
} as const;
