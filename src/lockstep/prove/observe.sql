-- name: settle
-- Look at everything with the eyes of the one who owns the database, with every name written out; inside of the file's own transaction.
SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; SET search_path = pg_catalog; SET row_security = off; SET statement_timeout = '600s'; SET lock_timeout = '60s'; SET extra_float_digits = 1; SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET bytea_output = hex; SET enable_nestloop = on

-- name: touched
-- Has this session's transaction written anything: to which catalogs, to large objects, to which tables?
SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS written,
       (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM pg_stat_xact_sys_tables
        WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname = 'pg_catalog' AND relname <> 'pg_statistic') AS catalogs,
       (SELECT coalesce(json_agg(relid::bigint), '[]') FROM pg_stat_xact_user_tables
        WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname !~ '^pg_temp' AND schemaname <> 'lockstep') AS tables

-- name: own_transaction
-- The number of this transaction as rows bear it.
SELECT (pg_current_xact_id()::text::bigint & 4294967295) AS number

-- name: catalog
-- A hash, in no order, of the rows of a catalog that bear the number of a transaction or a later one in xmin (its own: what it has put
-- there) or in xmax (as others still see it: what it has taken away). Where both are the same, so is the catalog.
SELECT '{catalog}' AS name, count(*) || ' ' || coalesce(sum(hashtextextended(r::text, 0)), 0) AS digest
FROM pg_catalog.{catalog} AS r WHERE r.{bears}::text::bigint >= {number}

-- name: tables
-- The tables that hold rows (of those that belong to an extension only the ones whose rows pg_dump saves), with what tells them from another of the same name, and how many columns they ever had.
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, pg_relation_filenode(c.oid)::bigint AS filenode,
       c.relnatts::int AS natts, pg_relation_size(c.oid) > 0 AS filled
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> 'lockstep'
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND c.oid <> ALL (coalesce(e.extconfig, '{}')))
ORDER BY c.oid

-- name: rows
-- How many rows a table has, a hash of what they hold, and some of them.
SELECT %(name)s AS name, count(*) AS count, coalesce(sum(hashtextextended(lockstep_row::text, 0)), 0)::text AS digest,
       (SELECT coalesce(json_agg(line), '[]') FROM (SELECT r::text AS line FROM ONLY {table} AS r ORDER BY 1 LIMIT 40) AS first_rows) AS sample
FROM ONLY {table} AS lockstep_row

-- name: large_objects
-- How many large objects there are, and a hash of what they hold.
SELECT 'large objects' AS name, count(*) AS count, coalesce(sum(hashtextextended(lo_get(oid)::text, oid::bigint)), 0)::text AS digest, '[]'::json AS sample
FROM pg_largeobject_metadata

-- name: not_null_names
-- What the NOT NULL constraints of each table are called, by column (PostgreSQL 18 knows).
SELECT json_build_array(n.nspname, c.relname) AS path, json_object_agg(a.attname, k.conname ORDER BY a.attname) AS names
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE k.contype = 'n' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY n.nspname, c.relname
