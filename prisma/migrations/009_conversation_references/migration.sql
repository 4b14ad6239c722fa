-- CreateTable
CREATE TABLE "conversation_references" (
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "conversation" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "service_url" TEXT NOT NULL,
    "bot_id" TEXT NOT NULL,
    "user_id" TEXT,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "conversation_references_pkey" PRIMARY KEY ("platform","workspace","conversation")
);

-- CreateTable
CREATE TABLE "person_addresses" (
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "person_addresses_pkey" PRIMARY KEY ("platform","workspace","user_id")
);

-- CreateIndex
CREATE INDEX "conversation_references_platform_workspace_user_id_seen_at_idx" ON "conversation_references"("platform", "workspace", "user_id", "seen_at");

-- CreateIndex
CREATE INDEX "conversation_references_org_id_idx" ON "conversation_references"("org_id");

-- CreateIndex
CREATE INDEX "person_addresses_org_id_idx" ON "person_addresses"("org_id");

-- AddForeignKey
ALTER TABLE "conversation_references" ADD CONSTRAINT "conversation_references_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "person_addresses" ADD CONSTRAINT "person_addresses_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
