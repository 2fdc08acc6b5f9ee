-- The questions that the tests of locks and work ask of a server.

-- name: relations
-- What a statement may find there.
SELECT oid, relname, relfilenode, relkind::text FROM pg_class
WHERE relnamespace = 'shadow'::regnamespace AND relkind IN ('r', 'p', 'm', 'v', 'S')

-- name: locks
-- The locks on relations that a session holds, or waits for.
SELECT relation, array_agg(mode) FROM pg_locks
WHERE pid = %(pid)s AND locktype = 'relation' AND granted = %(granted)s
GROUP BY relation

-- name: scans
-- How often this transaction began to read the whole of a relation.
SELECT oid, pg_stat_get_xact_numscans(oid) FROM pg_class WHERE oid = ANY (%(oids)s)

-- name: files
-- The file of a relation: another one means that it was written anew.
SELECT oid, relfilenode FROM pg_class WHERE oid = ANY (%(oids)s)

-- name: table_of
-- The table that a constraint belongs to; a partition before what it is a part of.
SELECT c.oid::regclass::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.conname = %(name)s ORDER BY c.relkind DESC LIMIT 1

-- name: name
-- The name of a relation, as it can be written here.
SELECT oid::regclass::text FROM pg_class WHERE oid = %(oid)s

-- name: clean_up
-- Remove what a case has left.
DROP SCHEMA IF EXISTS shadow CASCADE; DROP SCHEMA IF EXISTS elsewhere CASCADE; DROP PUBLICATION IF EXISTS effects_publication
