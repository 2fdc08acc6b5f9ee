DROP INDEX CONCURRENTLY IF EXISTS events_at_third_idx;
CREATE INDEX CONCURRENTLY events_at_third_idx ON events (at);
