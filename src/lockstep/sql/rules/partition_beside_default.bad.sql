-- lockstep: no-transaction
ALTER TABLE visits_rest DROP CONSTRAINT IF EXISTS visits_rest_old;
ALTER TABLE visits_rest ADD CONSTRAINT visits_rest_old CHECK (day < '2020-01-01') NOT VALID;
ALTER TABLE visits_rest VALIDATE CONSTRAINT visits_rest_old;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = 'visits_rest'::regclass) THEN
    ALTER TABLE visits ATTACH PARTITION visits_rest DEFAULT;
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
