-- name: missing
-- Of all needed tables and columns, those that are not there or that the current role may not read.
WITH needed AS (
    SELECT service, "table", "column", pg_catalog.to_regclass("table") AS relation
    FROM jsonb_to_recordset(%(needed)s::jsonb) AS need (service text, "table" text, "column" text)
)
SELECT n.service, n."table", n."column",
       CASE
           WHEN n.relation IS NULL THEN 'table'
           WHEN a.attnum IS NULL THEN 'column'
           ELSE 'privilege'
       END AS missing,
       CURRENT_USER::text AS role
FROM needed n
LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = n.relation AND a.attname = n."column" AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.relation IS NULL
   OR (n."column" IS NOT NULL AND a.attnum IS NULL)
   OR NOT pg_catalog.has_table_privilege(n.relation, 'SELECT')
ORDER BY n.service, n."table", n."column"
