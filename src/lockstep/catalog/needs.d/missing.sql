-- name: missing
-- Of all needed tables and columns, those that are not there or that the current role may not read.
WITH named AS (
    SELECT service, "table", "column", pg_catalog.parse_ident("table", false) AS parts
    FROM jsonb_to_recordset(%(needed)s::jsonb) AS need (service text, "table" text, "column" text)
),
needed AS (
    -- A name in a schema that we may not use cannot even be looked up.
    SELECT named.*,
           CASE WHEN s.oid IS NULL OR pg_catalog.has_schema_privilege(s.oid, 'USAGE')
                THEN pg_catalog.to_regclass("table") END AS relation,
           (
               SELECT min(h.nspname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace h ON h.oid = c.relnamespace
               WHERE c.relname = parts[pg_catalog.cardinality(parts)] AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                 AND h.nspname = coalesce(s.nspname, h.nspname) AND h.nspname NOT LIKE 'pg\_%%'
                 AND NOT pg_catalog.has_schema_privilege(h.oid, 'USAGE')
           ) AS hidden_in
    FROM named
    LEFT JOIN pg_catalog.pg_namespace s ON pg_catalog.cardinality(parts) > 1 AND s.nspname = parts[1]
)
SELECT n.service, n."table", n."column",
       CASE
           WHEN n.relation IS NULL THEN CASE WHEN n.hidden_in IS NULL THEN 'table' ELSE 'schema' END
           WHEN a.attnum IS NULL AND n."column" IS NOT NULL THEN 'column'
           ELSE 'privilege'
       END AS missing,
       CURRENT_USER::text AS role,
       coalesce(n.hidden_in, '')::text AS schema
FROM needed n
LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = n.relation AND a.attname = n."column" AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.relation IS NULL
   OR (n."column" IS NOT NULL AND a.attnum IS NULL)
   OR NOT pg_catalog.has_table_privilege(n.relation, 'SELECT')
ORDER BY n.service, n."table", n."column"
