-- CreateTable
CREATE TABLE "chat_installations" (
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "enterprise" TEXT,
    "enterprise_wide" BOOLEAN NOT NULL,
    "bot_user_id" TEXT NOT NULL,
    "scopes" TEXT[],
    "key_id" TEXT NOT NULL,
    "sealed_tokens" BYTEA NOT NULL,
    "token_expires_at" TIMESTAMPTZ(3),
    "installed_at" TIMESTAMPTZ(3) NOT NULL,
    "gone_at" TIMESTAMPTZ(3),

    CONSTRAINT "chat_installations_pkey" PRIMARY KEY ("platform","workspace")
);

-- CreateTable
CREATE TABLE "sign_ins" (
    "hash" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_ins_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "chat_installations_org_id_idx" ON "chat_installations"("org_id");

-- CreateIndex
CREATE INDEX "sign_ins_expires_at_idx" ON "sign_ins"("expires_at");

-- AddForeignKey
ALTER TABLE "chat_installations" ADD CONSTRAINT "chat_installations_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
