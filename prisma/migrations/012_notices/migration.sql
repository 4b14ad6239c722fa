-- CreateTable
CREATE TABLE "notices" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "window" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "thread" JSON NOT NULL,
    "content" JSON NOT NULL,
    "approvals" TEXT[],
    "seq" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "touched_at" TIMESTAMPTZ(3) NOT NULL,
    "channel" TEXT,
    "message_id" TEXT,
    "shown_seq" INTEGER NOT NULL DEFAULT 0,
    "attempted" BOOLEAN NOT NULL DEFAULT false,
    "lease_token" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "told_at" TIMESTAMPTZ(3),
    "failure" TEXT,

    CONSTRAINT "notices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notice_snoozes" (
    "org_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "by_name" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "notice_snoozes_pkey" PRIMARY KEY ("org_id","kind","cause")
);

-- CreateTable
CREATE TABLE "digest_schedules" (
    "user_id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "weekday" INTEGER NOT NULL,
    "hour" INTEGER NOT NULL,
    "zone" TEXT NOT NULL,
    "thread" JSON NOT NULL,
    "active" BOOLEAN NOT NULL,
    "set_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "digest_schedules_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "budgets" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "monthly" DECIMAL(38,12) NOT NULL,
    "thread" JSON,
    "set_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "budgets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "notices_touched_at_idx" ON "notices"("touched_at");

-- CreateIndex
CREATE INDEX "notices_approvals_idx" ON "notices" USING GIN ("approvals");

-- CreateIndex
CREATE UNIQUE INDEX "notices_org_id_kind_subject_window_key" ON "notices"("org_id", "kind", "subject", "window");

-- CreateIndex
CREATE INDEX "digest_schedules_org_id_idx" ON "digest_schedules"("org_id");

-- CreateIndex
CREATE UNIQUE INDEX "budgets_org_id_scope_name_key" ON "budgets"("org_id", "scope", "name");

-- AddForeignKey
ALTER TABLE "notices" ADD CONSTRAINT "notices_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice_snoozes" ADD CONSTRAINT "notice_snoozes_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "digest_schedules" ADD CONSTRAINT "digest_schedules_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "digest_schedules" ADD CONSTRAINT "digest_schedules_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
