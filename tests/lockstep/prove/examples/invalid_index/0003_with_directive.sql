-- lockstep: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_at_again_idx ON events (at);
