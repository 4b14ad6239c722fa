-- AlterTable
ALTER TABLE "orgs" ADD COLUMN "zone" TEXT NOT NULL DEFAULT 'UTC';

-- CreateTable
CREATE TABLE "reconciliation_alerts" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "from_day" DATE NOT NULL,
    "to_day" DATE NOT NULL,
    "metered" DECIMAL(38,12) NOT NULL,
    "billed" DECIMAL(38,12) NOT NULL,
    "alert" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "told_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_alerts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "read_keys" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "read_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "reconciliation_alerts_org_id_provider_from_day_to_day_key" ON "reconciliation_alerts"("org_id", "provider", "from_day", "to_day");

-- CreateIndex
CREATE UNIQUE INDEX "read_keys_hash_key" ON "read_keys"("hash");

-- CreateIndex
CREATE INDEX "read_keys_org_id_idx" ON "read_keys"("org_id");

-- AddForeignKey
ALTER TABLE "reconciliation_alerts" ADD CONSTRAINT "reconciliation_alerts_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "read_keys" ADD CONSTRAINT "read_keys_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
