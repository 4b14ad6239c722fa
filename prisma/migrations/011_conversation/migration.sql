-- AlterTable
ALTER TABLE "orgs" ADD COLUMN "two_person_min_usd" DECIMAL(38,12);

-- AlterTable
ALTER TABLE "installations" ADD COLUMN "removed_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "approvals" ADD COLUMN "reason" TEXT,
ADD COLUMN "first_by_user_id" TEXT,
ADD COLUMN "first_by_name" TEXT,
ADD COLUMN "first_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "run_feedback" (
    "run_id" TEXT NOT NULL,
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "platform_user_id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "helpful" BOOLEAN NOT NULL,
    "given_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "run_feedback_pkey" PRIMARY KEY ("run_id","platform","workspace","platform_user_id")
);

-- CreateTable
CREATE TABLE "greetings" (
    "platform" TEXT NOT NULL,
    "workspace" TEXT NOT NULL,
    "platform_user_id" TEXT NOT NULL,
    "surface" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "greeted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "greetings_pkey" PRIMARY KEY ("platform","workspace","platform_user_id","surface")
);

-- CreateIndex
CREATE INDEX "run_feedback_org_id_idx" ON "run_feedback"("org_id");

-- CreateIndex
CREATE INDEX "greetings_org_id_idx" ON "greetings"("org_id");

-- AddForeignKey
ALTER TABLE "run_feedback" ADD CONSTRAINT "run_feedback_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_feedback" ADD CONSTRAINT "run_feedback_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "greetings" ADD CONSTRAINT "greetings_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
