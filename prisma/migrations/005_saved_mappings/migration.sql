-- CreateTable
CREATE TABLE "saved_mappings" (
    "org_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "header" TEXT NOT NULL,
    "mapping" JSON NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "saved_mappings_pkey" PRIMARY KEY ("org_id","name")
);

-- CreateIndex
CREATE INDEX "saved_mappings_org_id_header_idx" ON "saved_mappings"("org_id", "header");

-- AddForeignKey
ALTER TABLE "saved_mappings" ADD CONSTRAINT "saved_mappings_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
