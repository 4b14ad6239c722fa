import { canonicalJson, sha256 } from "../core/canonical.ts";
import type { Passage } from "./passage.ts";

/**
 * The key of all that decides an answer: the org and workload, what is asked, how it is to be sent, the headers that change it, and
 * by whom the policy has it answered. Nobody gets an answer of another org or workload, nor one of the other arm.
 */
export const cacheKeyOf = ({ endpoint, req, key, request, decision, call, promptHash }: Passage): string =>
  sha256(
    canonicalJson([
      [key.orgId, request.workload, decision.policyVersion, decision.policyRule, decision.arm ?? "", endpoint.path],
      [call.model, call.stream, call.framing ?? "", call.query, call.fields["stream_options"] ?? null, promptHash()],
      Object.keys(endpoint.family.passedHeaders).map((name) => String(req.headers[name] ?? "")),
    ]),
  );
