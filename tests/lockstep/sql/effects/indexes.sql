CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t SELECT i, i, i::text FROM generate_series(1, 3) i;
CREATE INDEX i ON t (a);
CREATE MATERIALIZED VIEW mv AS SELECT id, a FROM t;
CREATE UNIQUE INDEX mvi ON mv (id);
CREATE TABLE parts (id int, a int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts VALUES (1, 1), (11, 1);
-- case: create an index
CREATE INDEX n ON t (b);
-- case: create a unique index
CREATE UNIQUE INDEX ON t (b);
-- case: create an index that is there
CREATE INDEX IF NOT EXISTS i ON t (b);
-- case: create an index concurrently (behind SHARE UPDATE EXCLUSIVE)
CREATE INDEX CONCURRENTLY n ON t (b);
-- case: create an index on a materialized view
CREATE INDEX n ON mv (a);
-- case: create an index on a partitioned table
CREATE INDEX n ON parts (a);
-- case: create an index on only the partitioned table
CREATE INDEX n ON ONLY parts (a);
-- case: create an index concurrently on a partitioned table (fails 0A000) (behind SHARE UPDATE EXCLUSIVE)
CREATE INDEX CONCURRENTLY n ON parts (a);
-- case: attach an index
CREATE INDEX n ON ONLY parts (a);
CREATE INDEX n1 ON part_1 (a);
-- run
ALTER INDEX n ATTACH PARTITION n1;
-- case: drop an index
DROP INDEX i;
-- case: drop an index concurrently (behind SHARE UPDATE EXCLUSIVE)
DROP INDEX CONCURRENTLY i;
-- case: drop an index that is not there
CREATE INDEX absent ON t (b); DROP INDEX absent;
-- run
DROP INDEX IF EXISTS absent;
-- case: rename an index
ALTER INDEX i RENAME TO z;
-- case: reindex an index
REINDEX INDEX i;
-- case: reindex a table
REINDEX TABLE t;
-- case: reindex an index concurrently (behind SHARE UPDATE EXCLUSIVE)
REINDEX INDEX CONCURRENTLY i;
-- case: reindex a table concurrently (behind SHARE UPDATE EXCLUSIVE)
REINDEX TABLE CONCURRENTLY t;
-- case: cluster
CLUSTER t USING i;
-- case: vacuum full (behind ACCESS SHARE)
VACUUM FULL t;
-- case: vacuum (behind SHARE UPDATE EXCLUSIVE)
VACUUM t;
-- case: analyze
ANALYZE t;
-- case: set unlogged
ALTER TABLE t SET UNLOGGED;
-- case: set logged
CREATE UNLOGGED TABLE u (id int);
INSERT INTO u VALUES (1);
-- run
ALTER TABLE u SET LOGGED;
-- case: set the tablespace that it has
ALTER TABLE t SET TABLESPACE pg_default;
-- case: set the access method that it has (since 15)
ALTER TABLE t SET ACCESS METHOD heap;
-- case: refresh a materialized view
REFRESH MATERIALIZED VIEW mv;
-- case: refresh a materialized view concurrently
REFRESH MATERIALIZED VIEW CONCURRENTLY mv;
-- case: set statistics
ALTER TABLE t ALTER COLUMN a SET STATISTICS 100;
-- case: set an option of a column
ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5);
-- case: set a storage parameter
ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = off);
-- case: reset a storage parameter
ALTER TABLE t RESET (fillfactor);
-- case: cluster on
ALTER TABLE t CLUSTER ON i;
-- case: create statistics
CREATE STATISTICS st ON a, b FROM t;
-- case: comment on a table
COMMENT ON TABLE t IS 'x';
-- case: comment on a column
COMMENT ON COLUMN t.a IS 'x';
-- case: drop a materialized view
DROP MATERIALIZED VIEW mv;
