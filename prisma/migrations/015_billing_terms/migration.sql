-- CreateTable
CREATE TABLE "billing_terms" (
    "id" BIGSERIAL NOT NULL,
    "org_id" TEXT NOT NULL,
    "from_month" TEXT NOT NULL,
    "fee_basis_points" INTEGER,
    "platform_fee" DECIMAL(38,12),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "billing_terms_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "billing_terms_org_id_from_month_idx" ON "billing_terms"("org_id", "from_month");

-- AddForeignKey
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Terms are only ever added.
CREATE TRIGGER "billing_terms_are_immutable" BEFORE UPDATE OR DELETE OR TRUNCATE ON "billing_terms"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_rewriting"();
