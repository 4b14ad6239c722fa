-- CreateTable
CREATE TABLE "contract_prices" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT,
    "tier" TEXT,
    "region" TEXT NOT NULL,
    "above_input_tokens" INTEGER NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "effective_to" TIMESTAMPTZ(3),
    "rate" JSON NOT NULL,
    "source" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "superseded_by" TEXT,

    CONSTRAINT "contract_prices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "repricings" (
    "org_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "scope" JSON NOT NULL,
    "status" TEXT NOT NULL,
    "step" INTEGER NOT NULL DEFAULT 0,
    "progress" JSON NOT NULL,
    "started_by" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "repricings_pkey" PRIMARY KEY ("org_id","number")
);

-- CreateIndex
CREATE INDEX "contract_prices_org_id_created_at_idx" ON "contract_prices"("org_id", "created_at");

-- AddForeignKey
ALTER TABLE "contract_prices" ADD CONSTRAINT "contract_prices_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "repricings" ADD CONSTRAINT "repricings_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A row says what it said when it was added: its end alone may come nearer, and its successor be named once.
CREATE FUNCTION "refuse_changed_contract"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - 'effective_to' - 'superseded_by') IS DISTINCT FROM (to_jsonb(OLD) - 'effective_to' - 'superseded_by')
    OR NEW.effective_to IS NULL
    OR NEW.effective_to < NEW.effective_from
    OR (OLD.effective_to IS NOT NULL AND NEW.effective_to > OLD.effective_to)
    OR (OLD.superseded_by IS NOT NULL AND NEW.superseded_by IS DISTINCT FROM OLD.superseded_by)
  THEN
    RAISE EXCEPTION 'a contract price is never changed, only ended or superseded' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "contract_prices_only_end" BEFORE UPDATE ON "contract_prices"
  FOR EACH ROW EXECUTE FUNCTION "refuse_changed_contract"();

CREATE TRIGGER "contract_prices_are_kept" BEFORE DELETE OR TRUNCATE ON "contract_prices"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_rewriting"();
