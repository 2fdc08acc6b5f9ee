-- name: find_index
-- The index of that name where a table's indexes live (the table's schema), and whether it may be used.
SELECT c.oid::bigint AS oid, i.indisvalid AS valid, i.indrelid = t.oid AS same_table,
       pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS qualified
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = pg_catalog.left(%(name)s, 63)
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE t.oid = pg_catalog.to_regclass(%(table)s)

-- name: relation_exists
-- Whether something of that name is there.
SELECT pg_catalog.to_regclass(%(name)s) IS NOT NULL AS found

-- name: leftovers_of_reindex
-- What an interrupted REINDEX CONCURRENTLY leaves beside the indexes of a table or beside an index, and those of their
-- partitions; with no name, those of a schema; with neither, those of the database.
WITH named AS (
    SELECT pg_catalog.to_regclass(nullif(%(name)s, ''))::oid AS oid
), reindexed AS (
    SELECT oid FROM named UNION SELECT p.relid FROM named, pg_catalog.pg_partition_tree(named.oid) AS p
)
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS qualified
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid
  AND c.relname ~ '_cc(new|old)[0-9]*$'
  AND (i.indrelid IN (SELECT oid FROM reindexed)
       OR i.indrelid IN (SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid IN (SELECT oid FROM reindexed))
       OR (%(name)s = '' AND %(schema)s IN ('', n.nspname) AND n.nspname NOT LIKE 'pg\_%%'))

-- name: partition_state
-- Whether a partition is still attached, and whether its concurrent detaching was begun.
-- (Read through JSON: servers before 14 have no such column.)
SELECT coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false) AS pending FROM pg_catalog.pg_inherits i
WHERE i.inhparent = pg_catalog.to_regclass(%(parent)s) AND i.inhrelid = pg_catalog.to_regclass(%(child)s)
