import type { CardButton, ProposalPart } from "../src/core/card.ts";
import type { ClickAction } from "../src/core/conversation.ts";
import type { DecisionView } from "../src/core/decision-view.ts";
import type { Recommendation } from "../src/core/report.ts";
import { decisionLine, estimateLine, measuredLine } from "./wording.ts";

/** What can be done about a proposal as it stands. */
function actionsFor({ status, applied, failed }: DecisionView): readonly ClickAction[] {
  if (status === "pending") return ["approve", "reject", "details"];
  if (applied) return ["rollback"];
  return status === "approved" && failed === true ? ["apply", "details"] : [];
}

const buttonsOf = (decision: DecisionView | undefined): readonly CardButton[] =>
  decision === undefined ? [] : actionsFor(decision).map((action) => ({ action, id: decision.approvalId }));

const isGood = ({ status, failed }: DecisionView): boolean => status === "pending" || (status === "approved" && failed !== true);

/** A proposal with what it saves, what became of it and its buttons, without its evidence: that is a press on Details away. */
export function shortProposal(recommendation: Recommendation, number: number, decision: DecisionView | undefined): ProposalPart {
  const said = decision === undefined ? "" : decisionLine(decision);
  return {
    type: "proposal",
    number,
    title: recommendation.title,
    savings: [
      // What moves no request saves nothing by itself.
      ...(recommendation.operation === undefined ? [{ kind: "estimated" as const, text: estimateLine(recommendation.estimate) }] : []),
      ...(decision?.measured === undefined || decision.measured === null
        ? []
        : [{ kind: "measured" as const, text: measuredLine(decision.measured) }]),
    ],
    evidence: [],
    toDo: [],
    caveats: [],
    status: decision === undefined || said === "" ? undefined : { text: said, good: isGood(decision) },
    buttons: buttonsOf(decision),
  };
}
