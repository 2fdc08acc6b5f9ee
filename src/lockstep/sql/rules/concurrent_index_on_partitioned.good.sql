-- lockstep: no-transaction
CREATE TABLE IF NOT EXISTS visits (id bigint, day date) PARTITION BY RANGE (day);
CREATE INDEX IF NOT EXISTS visits_id_idx ON ONLY visits (id);
