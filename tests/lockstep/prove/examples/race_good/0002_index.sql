-- lockstep: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_due_idx ON jobs (due);
