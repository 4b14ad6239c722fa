-- AlterTable
ALTER TABLE "orgs" ADD COLUMN     "rollout" TEXT NOT NULL DEFAULT 'staged';

-- DropIndex
DROP INDEX "policies_approval_id_key";

-- AlterTable
ALTER TABLE "policies" ADD COLUMN     "base_version" INTEGER,
ADD COLUMN     "nth" INTEGER NOT NULL DEFAULT 0;

-- CreateIndex
CREATE UNIQUE INDEX "policies_approval_id_nth_key" ON "policies"("approval_id", "nth");
