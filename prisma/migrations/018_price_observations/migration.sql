-- CreateTable
CREATE TABLE "supply_sources" (
    "org_id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "first_read_at" TIMESTAMPTZ(3) NOT NULL,
    "last_read_at" TIMESTAMPTZ(3) NOT NULL,
    "data_of" TIMESTAMPTZ(3),
    "prices" INTEGER NOT NULL,
    "models" INTEGER NOT NULL,

    CONSTRAINT "supply_sources_pkey" PRIMARY KEY ("org_id","source","address")
);

-- CreateTable
CREATE TABLE "price_observations" (
    "org_id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "tier" TEXT NOT NULL,
    "above_input_tokens" INTEGER NOT NULL,
    "region" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "retrieved_at" TIMESTAMPTZ(3) NOT NULL,
    "usd" DECIMAL(38,12),
    "from_day" TEXT,

    CONSTRAINT "price_observations_pkey" PRIMARY KEY ("org_id","source","address","provider","model","tier","above_input_tokens","region","bucket","retrieved_at")
);

-- CreateTable
CREATE TABLE "model_observations" (
    "org_id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "retrieved_at" TIMESTAMPTZ(3) NOT NULL,
    "facts" JSON,

    CONSTRAINT "model_observations_pkey" PRIMARY KEY ("org_id","source","address","provider","model","retrieved_at")
);

-- CreateTable
CREATE TABLE "approved_prices" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "approval_id" TEXT NOT NULL,
    "change" JSON NOT NULL,
    "approved_by" TEXT NOT NULL,
    "entered_at" TIMESTAMPTZ(3) NOT NULL,
    "withdrawn_by" TEXT,
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "approved_prices_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "price_observations_org_id_retrieved_at_idx" ON "price_observations"("org_id", "retrieved_at");

-- CreateIndex
CREATE INDEX "price_observations_org_id_provider_model_idx" ON "price_observations"("org_id", "provider", "model");

-- CreateIndex
CREATE INDEX "model_observations_org_id_retrieved_at_idx" ON "model_observations"("org_id", "retrieved_at");

-- CreateIndex
CREATE UNIQUE INDEX "approved_prices_approval_id_key" ON "approved_prices"("approval_id");

-- CreateIndex
CREATE INDEX "approved_prices_org_id_entered_at_idx" ON "approved_prices"("org_id", "entered_at");

-- AddForeignKey
ALTER TABLE "supply_sources" ADD CONSTRAINT "supply_sources_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "price_observations" ADD CONSTRAINT "price_observations_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_observations" ADD CONSTRAINT "model_observations_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "approved_prices" ADD CONSTRAINT "approved_prices_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What a source said stays as it was said.
CREATE TRIGGER "price_observations_are_kept" BEFORE UPDATE OR DELETE OR TRUNCATE ON "price_observations"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_rewriting"();

CREATE TRIGGER "model_observations_are_kept" BEFORE UPDATE OR DELETE OR TRUNCATE ON "model_observations"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_rewriting"();

-- An approved price says what was approved: it can only be withdrawn, once.
CREATE FUNCTION "refuse_changed_approved_price"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - 'withdrawn_by' - 'withdrawn_at') IS DISTINCT FROM (to_jsonb(OLD) - 'withdrawn_by' - 'withdrawn_at')
    OR OLD.withdrawn_at IS NOT NULL
    OR NEW.withdrawn_at IS NULL
  THEN
    RAISE EXCEPTION 'an approved price is never changed, only withdrawn' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "approved_prices_only_end" BEFORE UPDATE ON "approved_prices"
  FOR EACH ROW EXECUTE FUNCTION "refuse_changed_approved_price"();

CREATE TRIGGER "approved_prices_are_kept" BEFORE DELETE OR TRUNCATE ON "approved_prices"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_rewriting"();
