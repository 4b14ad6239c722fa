import type { BudgetStore } from "../core/budget.ts";
import type { InboundEvent, MemberStore } from "../core/conversation.ts";
import type { FormAnswer } from "../core/delivery.ts";
import type { DigestScheduleStore } from "../core/digest-schedule.ts";
import { AppError, assertNever } from "../core/errors.ts";
import { askForm, type Form, type FormName, type FormRequest, rejectForm } from "../core/form.ts";
import type { Id } from "../core/ids.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import { admittedOrg } from "./admit-event.ts";
import { managerOf } from "./set-digest.ts";
import { budgetForm, digestForm } from "./setting-forms.ts";

export interface OpenFormDeps {
  readonly members: Pick<MemberStore, "installationOf" | "memberOf">;
  readonly schedules: Pick<DigestScheduleStore, "of">;
  readonly budgets: Pick<BudgetStore, "list">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
}

/** What a form becomes when it is sent. */
const becomes: Readonly<Record<FormName, InboundEvent["type"]>> = {
  reject: "click",
  ask: "message",
  digest: "submitted",
  budget: "submitted",
};

async function formOf(deps: OpenFormDeps, orgId: Id<"org">, { form, about, given, author }: FormRequest): Promise<Form> {
  switch (form) {
    case "reject":
      return rejectForm(about);
    case "ask":
      return askForm(given?.["question"] ?? "");
    case "digest": {
      const { userId } = managerOf(await deps.members.memberOf(author), orgId, "set a digest");
      return digestForm(about, await deps.schedules.of(orgId, userId), await deps.settings.zoneOf(orgId));
    }
    case "budget": {
      managerOf(await deps.members.memberOf(author), orgId, "set a budget");
      const own = (await deps.budgets.list(orgId)).find(({ scope }) => scope.kind === "org");
      return budgetForm(about, own);
    }
    default:
      return assertNever(form);
  }
}

/** The form that someone wants to fill in, with what stands, or why there is none for them. What it asks for is judged again when it is sent. */
export async function openForm(deps: OpenFormDeps, request: FormRequest): Promise<FormAnswer> {
  try {
    const orgId = await admittedOrg(deps, { ...request, type: becomes[request.form] });
    return { type: "form", form: await formOf(deps, orgId, request) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "forbidden") throw error;
    return { type: "refused", why: error.message };
  }
}
