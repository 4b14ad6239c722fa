-- CreateTable
CREATE TABLE "gateway_instances" (
    "id" TEXT NOT NULL,
    "versions" JSON NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_instances_pkey" PRIMARY KEY ("id")
);
