import { AppError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import type { AzureManagement } from "./management.ts";
import { AccountPage, DeploymentPage } from "./wire.ts";

/** What a deployment runs and on what capacity, as Azure says now. */
export interface Deployment {
  readonly model: string | undefined;
  readonly version: string | undefined;
  /** GlobalStandard, DataZoneStandard, Standard, ProvisionedManaged, GlobalBatch …; empty where Azure does not say. */
  readonly sku: string;
}

/** An account (resource) that models are deployed in. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly deployments: ReadonlyMap<string, Deployment>;
}

const api = "api-version=2024-10-01";
const holdsModels = new Set(["OpenAI", "AIServices"]);
const accountPattern =
  /^\/subscriptions\/([0-9a-fA-F-]{36})\/resourceGroups\/[^/?#]+\/providers\/Microsoft\.CognitiveServices\/accounts\/[^/?#]+$/i;

/** The subscription or the resource group that is read; an AppError where the settings name none. */
export function scopeOf({ settings }: SourceContext): string {
  const { subscriptionId = "", resourceGroup = "" } = settings;
  if (!/^[0-9a-fA-F-]{36}$/.test(subscriptionId))
    throw new AppError("bad_input", "The setting subscriptionId is not the id of a subscription.");
  if (resourceGroup !== "" && !/^[\p{L}\p{N}_.()-]{1,90}$/u.test(resourceGroup))
    throw new AppError("bad_input", "The setting resourceGroup is not the name of a resource group.");
  const group = resourceGroup === "" ? "" : `/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  return `/subscriptions/${subscriptionId}${group}`;
}

/** The accounts that the admin named, in lower case; empty where all of the scope are read. */
export function namedAccounts({ settings }: SourceContext): readonly string[] {
  const ids = (settings["resourceIds"] ?? "").split(",").map((id) => id.trim());
  return ids
    .filter((id) => id !== "")
    .map((id) => {
      const [, subscription] = accountPattern.exec(id) ?? [];
      if (subscription?.toLowerCase() !== (settings["subscriptionId"] ?? "").toLowerCase())
        throw new AppError(
          "bad_input",
          "The setting resourceIds holds something that is not the id of a Cognitive Services account in the subscription: /subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/…",
        );
      return id.toLowerCase();
    });
}

async function deploymentsOf(azure: AzureManagement, account: string, signal: AbortSignal): Promise<ReadonlyMap<string, Deployment>> {
  const deployments = new Map<string, Deployment>();
  for await (const page of azure.pages(`${account}/deployments?${api}`, "Azure's list of deployments", DeploymentPage, signal)) {
    for (const { name, sku, properties } of page.value) {
      deployments.set(name, { model: properties.model?.name, version: properties.model?.version ?? undefined, sku: sku?.name ?? "" });
    }
  }
  return deployments;
}

/** The accounts that are read, each with its deployments as they are now. */
export async function accountsOf(azure: AzureManagement, context: SourceContext, signal: AbortSignal): Promise<readonly Account[]> {
  const named = namedAccounts(context);
  const list = `${scopeOf(context)}/providers/Microsoft.CognitiveServices/accounts?${api}`;
  const accounts: Account[] = [];
  for await (const page of azure.pages(list, "Azure's list of accounts", AccountPage, signal)) {
    for (const { id, name, kind, location } of page.value) {
      const wanted = named.length > 0 ? named.includes(id.toLowerCase()) : holdsModels.has(kind ?? "");
      if (wanted) accounts.push({ id, name, location, deployments: await deploymentsOf(azure, id, signal) });
    }
  }
  return accounts;
}
