-- AlterTable
ALTER TABLE "gateway_keys" ADD COLUMN     "purpose" TEXT NOT NULL DEFAULT 'gateway';
