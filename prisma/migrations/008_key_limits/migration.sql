-- AlterTable
ALTER TABLE "gateway_keys" ADD COLUMN     "project" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "budget" DECIMAL(38,12),
ADD COLUMN     "budget_per" TEXT,
ADD COLUMN     "requests_per_minute" INTEGER,
ADD COLUMN     "tokens_per_minute" INTEGER;
