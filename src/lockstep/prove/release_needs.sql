-- name: demanded
-- The columns of a table that no row can do without, that nothing fills, and that are not among those known.
SELECT a.attname::text AS name
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass(%(name)s) AND a.attnum > 0 AND NOT a.attisdropped
  AND (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL
  AND a.attname <> ALL (%(known)s::pg_catalog.name[])
ORDER BY a.attnum
