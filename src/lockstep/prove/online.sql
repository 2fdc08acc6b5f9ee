-- name: existing
-- The tables that are there, and where their rows lie.
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relname::text AS bare, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::bigint AS filenode
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'

-- name: held
-- Which locks on relations a backend holds or waits for, and where the rows of those lie now.
SELECT l.relation::bigint AS oid, l.mode::text AS mode, coalesce(pg_catalog.pg_relation_filenode(l.relation), 0)::bigint AS filenode
FROM pg_catalog.pg_locks l
WHERE l.pid = %(pid)s AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
