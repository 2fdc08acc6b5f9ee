-- lockstep: no-transaction
CREATE TABLE IF NOT EXISTS visits (id bigint, day date) PARTITION BY RANGE (day);
CREATE INDEX CONCURRENTLY IF NOT EXISTS visits_id_idx ON visits (id);
