-- CreateTable
CREATE TABLE "usage_claims" (
    "org_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "identified" BOOLEAN NOT NULL,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_claims_pkey" PRIMARY KEY ("org_id","key")
);

-- CreateIndex
CREATE INDEX "usage_claims_claimed_at_idx" ON "usage_claims" USING BRIN ("claimed_at");

-- AddForeignKey
ALTER TABLE "usage_claims" ADD CONSTRAINT "usage_claims_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
