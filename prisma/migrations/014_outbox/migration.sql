-- CreateTable
CREATE TABLE "outbox" (
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "thread" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "unanswered" INTEGER NOT NULL DEFAULT 0,
    "message_channel" TEXT,
    "message_id" TEXT,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("platform","workspace","channel","thread","about")
);

-- CreateIndex
CREATE INDEX "outbox_platform_workspace_message_channel_message_id_idx" ON "outbox"("platform", "workspace", "message_channel", "message_id");
