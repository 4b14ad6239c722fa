import { PrismaPg } from "@prisma/adapter-pg";
import { Pool } from "pg";
import { PrismaClient } from "../../../prisma/generated/client.ts";
import type { SnapshotStore } from "../../core/actuator-snapshot.ts";
import type { ApprovalStore } from "../../core/approval.ts";
import type { ApprovedPriceStore } from "../../core/approved-price.ts";
import type { AuditLog } from "../../core/audit.ts";
import type { BillAlertStore } from "../../core/bill-alert.ts";
import type { BillingTermsStore } from "../../core/billing-terms.ts";
import type { BudgetStore } from "../../core/budget.ts";
import type { CallClaims } from "../../core/call-claims.ts";
import type { ChatInstallationStore, SignInStore } from "../../core/chat-installation.ts";
import type { ContractStore } from "../../core/contract-price.ts";
import type { InboundStore, MemberStore } from "../../core/conversation.ts";
import type { ConversationReferenceStore } from "../../core/conversation-reference.ts";
import type { DatasetStore } from "../../core/dataset.ts";
import type { DeliveryStore } from "../../core/delivery.ts";
import type { DigestScheduleStore } from "../../core/digest-schedule.ts";
import type { GatewayFleet, GatewayStore } from "../../core/gateway-config.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import type { ImportStore } from "../../core/import.ts";
import type { NoticeStore } from "../../core/notice.ts";
import type { OrgSettings } from "../../core/org-settings.ts";
import type { Outbox } from "../../core/outbox.ts";
import type { PolicyStore } from "../../core/policy.ts";
import type { ReadKeyStore } from "../../core/read-key.ts";
import type { RepricingStore } from "../../core/repricing.ts";
import type { RunStore } from "../../core/run.ts";
import type { MappingStore } from "../../core/saved-mapping.ts";
import type { SavingsLedger } from "../../core/savings.ts";
import type { SourceStore } from "../../core/source-connection.ts";
import type { SupplyStore } from "../../core/supply.ts";
import { createSnapshotStore } from "./actuator-snapshots.ts";
import { createApprovalStore } from "./approvals.ts";
import { createApprovedPriceStore } from "./approved-prices.ts";
import { createAuditLog } from "./audit.ts";
import { createBillAlertStore } from "./bill-alerts.ts";
import { createBillingTermsStore } from "./billing-terms.ts";
import { createBudgetStore } from "./budgets.ts";
import { createCallClaims } from "./call-claims.ts";
import { createChatInstallationStore, createSignInStore } from "./chat-installations.ts";
import { createContractStore } from "./contract-prices.ts";
import { createConversationReferenceStore } from "./conversation-references.ts";
import type { Database } from "./database.ts";
import { createDatasetStore } from "./datasets.ts";
import { createDeliveryStore } from "./deliveries.ts";
import { createDigestScheduleStore } from "./digest-schedules.ts";
import { createGatewayStore } from "./gateway.ts";
import { createGatewayFleet } from "./gateway-fleet.ts";
import { createImportStore } from "./imports.ts";
import { createInboundStore } from "./inbound.ts";
import { createMappingStore } from "./mappings.ts";
import { createMemberStore } from "./members.ts";
import { migrate } from "./migrate.ts";
import { createNoticeStore } from "./notices.ts";
import { createOrgSettings } from "./org-settings.ts";
import { createOutbox } from "./outbox.ts";
import { createPolicyStore } from "./policies.ts";
import { createReadKeyStore } from "./read-keys.ts";
import { createRepricingStore } from "./repricings.ts";
import { createRunSignals, type RunSignals } from "./run-signals.ts";
import { createRunStore } from "./runs.ts";
import { createSavingsLedger } from "./savings.ts";
import { createSecretBox, type SecretBox } from "./secret-box.ts";
import { createSourceStore } from "./sources.ts";
import { createSupplyStore } from "./supply.ts";

/** Everything that is kept in PostgreSQL. */
export interface PostgresStores {
  readonly members: MemberStore;
  readonly installations: ChatInstallationStore;
  readonly signIns: SignInStore;
  readonly conversations: ConversationReferenceStore;
  readonly outbox: Outbox;
  readonly inbound: InboundStore;
  readonly runs: RunStore;
  readonly approvals: ApprovalStore;
  readonly policies: PolicyStore;
  readonly ledger: SavingsLedger;
  readonly gateway: GatewayStore;
  readonly fleet: GatewayFleet;
  readonly imports: ImportStore;
  readonly mappings: MappingStore;
  readonly sources: SourceStore;
  readonly audit: AuditLog;
  readonly claims: CallClaims;
  readonly contracts: ContractStore;
  readonly approvedPrices: ApprovedPriceStore;
  readonly supply: SupplyStore;
  readonly repricings: RepricingStore;
  readonly datasets: DatasetStore;
  readonly deliveries: DeliveryStore;
  readonly billAlerts: BillAlertStore;
  readonly notices: NoticeStore;
  readonly schedules: DigestScheduleStore;
  readonly budgets: BudgetStore;
  readonly settings: OrgSettings;
  readonly terms: BillingTermsStore;
  readonly readKeys: ReadKeyStore;
  readonly snapshots: SnapshotStore;
  /** The org of this name, made where there is none. */
  ensureOrg(name: string): Promise<Id<"org">>;
  /** Every org, oldest first. */
  orgs(): Promise<readonly { readonly id: Id<"org">; readonly name: string }[]>;
  close(): Promise<void>;
}

export interface PostgresOptions {
  readonly url: string;
  /** 32 bytes; upstream keys, tokens of chat platforms and the secrets of sources are sealed with it. */
  readonly secretKey: Buffer;
  readonly now: () => Date;
  /** The most connections to hold, besides one that listens. */
  readonly connections?: number;
}

async function ensureOrg({ prisma, now }: Database, name: string): Promise<Id<"org">> {
  await prisma.org.createMany({ data: { id: newId("org"), name, createdAt: now() }, skipDuplicates: true });
  const { id } = await prisma.org.findUniqueOrThrow({ where: { name } });
  return idSchema("org").parse(id);
}

async function orgs({ prisma }: Database): Promise<readonly { readonly id: Id<"org">; readonly name: string }[]> {
  const rows = await prisma.org.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
  return rows.map(({ id, name }) => ({ id: idSchema("org").parse(id), name }));
}

function openPool(url: string, connections: number): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 30_000,
  });
  // A broken idle connection is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => undefined);
  return pool;
}

const storesOn = (db: Database, box: SecretBox, signals: RunSignals): Omit<PostgresStores, "close"> => ({
  members: createMemberStore(db),
  installations: createChatInstallationStore(db, box),
  signIns: createSignInStore(db),
  conversations: createConversationReferenceStore(db),
  outbox: createOutbox(db),
  inbound: createInboundStore(db),
  runs: createRunStore(db, signals),
  approvals: createApprovalStore(db),
  policies: createPolicyStore(db),
  ledger: createSavingsLedger(db),
  gateway: createGatewayStore(db, box),
  fleet: createGatewayFleet(db),
  imports: createImportStore(db),
  mappings: createMappingStore(db),
  sources: createSourceStore(db, box),
  audit: createAuditLog(db),
  claims: createCallClaims(db),
  contracts: createContractStore(db),
  approvedPrices: createApprovedPriceStore(db),
  supply: createSupplyStore(db),
  repricings: createRepricingStore(db),
  datasets: createDatasetStore(db),
  deliveries: createDeliveryStore(db),
  billAlerts: createBillAlertStore(db),
  notices: createNoticeStore(db),
  schedules: createDigestScheduleStore(db),
  budgets: createBudgetStore(db),
  settings: createOrgSettings(db),
  terms: createBillingTermsStore(db),
  readKeys: createReadKeyStore(db),
  snapshots: createSnapshotStore(db, box),
  ensureOrg: (name) => ensureOrg(db, name),
  orgs: () => orgs(db),
});

/** Migrates the database to the newest schema and opens the stores on it. Statements are given up after 15 seconds. */
export async function connectPostgres({ url, secretKey, now, connections = 10 }: PostgresOptions): Promise<PostgresStores> {
  const box = createSecretBox(secretKey);
  await migrate(url);
  const pool = openPool(url, connections);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const signals = createRunSignals(url);
  return {
    ...storesOn({ prisma, now }, box, signals),
    async close() {
      await signals.close();
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
