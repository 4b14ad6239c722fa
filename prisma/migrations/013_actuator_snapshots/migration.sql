-- CreateTable
CREATE TABLE "actuator_snapshots" (
    "org_id" TEXT NOT NULL,
    "actuator" TEXT NOT NULL,
    "snapshot" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "saved_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "actuator_snapshots_pkey" PRIMARY KEY ("org_id","actuator")
);

-- AddForeignKey
ALTER TABLE "actuator_snapshots" ADD CONSTRAINT "actuator_snapshots_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
