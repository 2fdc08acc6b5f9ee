-- What services need, asked in one message: `settle`, then those of the others that something is needed of. Every lookup goes by
-- an index, so the size of the catalogs does not matter.

-- name: settle
-- Keep where the role's search path leads, and then take its influence away: nobody's function, operator or type can stand before
-- the server's own. The whole message is one transaction, so nothing of it stays.
SELECT pg_catalog.set_config('lockstep.schemas', pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text, true),
       pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('quote_all_identifiers', 'off', true),
       pg_catalog.set_config('jit', 'off', true)

-- name: tables
-- What the tables (and sequences) are, as far as something is needed of them: columns, indexes, keys, and the privileges that the
-- role lacks.
WITH path AS MATERIALIZED (
    SELECT s.name::name AS schema, s.place
    FROM jsonb_array_elements_text(current_setting('lockstep.schemas')::jsonb) WITH ORDINALITY AS s (name, place)
)
SELECT w.number, r.nspname::text, r.relname::text, r.relkind = 'S', r.usable,
    (
        SELECT json_agg(json_build_array(
            a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum,
            -- A domain may forbid NULL too.
            CASE WHEN NOT a.attnotnull AND a.atttypid >= 16384
                THEN (SELECT y.typnotnull FROM pg_type y WHERE y.oid = a.atttypid) END
        ))
        FROM pg_attribute a
        WHERE a.attrelid = r.oid AND a.attname = ANY (w.columns || w.also) AND a.attnum > 0 AND NOT a.attisdropped
    ),
    -- Since 18 the flag of a column is also true of what was not validated.
    CASE WHEN w.proven THEN (
        SELECT json_agg(n.conkey[1]) FROM pg_constraint n WHERE n.conrelid = r.oid AND n.contype = 'n' AND NOT n.convalidated
    ) END,
    CASE WHEN w.indexed THEN (
        SELECT json_agg(json_build_array(
            CASE WHEN NOT i.indisvalid OR NOT i.indisready OR i.indpred IS NOT NULL
                THEN (SELECT x.relname FROM pg_class x WHERE x.oid = i.indexrelid) END,
            i.indisunique, i.indisvalid AND i.indisready, i.indpred IS NOT NULL, i.indkey::text, i.indnkeyatts
        ))
        FROM pg_index i WHERE i.indrelid = r.oid
    ) END,
    CASE WHEN w.keyed THEN (
        SELECT json_agg(json_build_array(
            c.conname, c.convalidated AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true), n.nspname, x.relname, (
                SELECT json_agg(json_build_array(a.attname, b.attname))
                FROM unnest(c.conkey, c.confkey) AS k (own, other)
                JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
                JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
            )
        ))
        FROM pg_constraint c JOIN pg_class x ON x.oid = c.confrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE c.conrelid = r.oid AND c.contype = 'f'
    ) END,
    (
        SELECT json_agg(p.name) FROM unnest(w.privileges) AS p (name)
        WHERE NOT CASE
            WHEN r.relkind = 'S' AND p.name IN ('select', 'update', 'usage') THEN has_sequence_privilege(r.oid, p.name)
            WHEN r.relkind = 'S' OR p.name = 'usage' THEN false  -- it is something else that is needed
            ELSE has_table_privilege(r.oid, p.name)
                 OR p.name = 'select' AND cardinality(w.columns) > 0 AND NOT EXISTS (
                     SELECT FROM pg_attribute a
                     WHERE a.attrelid = r.oid AND a.attname = ANY (w.columns) AND a.attnum > 0 AND NOT a.attisdropped
                       AND NOT has_column_privilege(r.oid, a.attnum, 'select')
                 )
                 OR p.name IN ('insert', 'update', 'references') AND has_any_column_privilege(r.oid, p.name)
            END
    )
FROM jsonb_to_recordset(%(tables)s::jsonb) AS w (
    number integer, schema name, name name, columns name[], also name[], proven boolean, indexed boolean, keyed boolean,
    privileges text[]
)
CROSS JOIN LATERAL (
    SELECT c.oid, c.relname, c.relkind, n.nspname, has_schema_privilege(n.oid, 'USAGE') AS usable
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN path p ON p.schema = n.nspname
    WHERE c.relname = w.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND CASE WHEN w.schema IS NULL THEN p.place IS NOT NULL ELSE n.nspname = w.schema END
    ORDER BY p.place
    LIMIT 1
) r

-- name: types
-- In which schema the search path finds types that are written without one.
SELECT DISTINCT ON (y.typname) y.typname::text, n.nspname::text
FROM jsonb_array_elements_text(current_setting('lockstep.schemas')::jsonb) WITH ORDINALITY AS s (name, place)
JOIN pg_namespace n ON n.nspname = s.name::name
JOIN pg_type y ON y.typnamespace = n.oid
WHERE y.typname = ANY (%(types)s::name[])
ORDER BY y.typname, s.place

-- name: functions
-- The functions of these names, where the search path leads or where they are said to be, and whether the role may call them.
SELECT n.nspname::text, p.proname::text, has_function_privilege(p.oid, 'EXECUTE'),
       current_setting('lockstep.schemas')::jsonb ? n.nspname::text,
       (SELECT coalesce(json_agg(format_type(u.type, NULL) ORDER BY u.place), '[]')
        FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (type, place))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = ANY (%(functions)s::name[])

-- name: extensions
-- The versions of these extensions.
SELECT extname::text, extversion FROM pg_extension WHERE extname = ANY (%(extensions)s::name[])

-- name: schemas
-- Which of these schemas the role may use.
SELECT nspname::text, has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = ANY (%(schemas)s::name[])

-- name: nearest
-- What there is instead, for a refusal: who asks, where the path leads, and what the tables, functions and extensions of these
-- names look like. Asked only when something is missing.
WITH path AS MATERIALIZED (
    SELECT s.name::name AS schema
    FROM jsonb_array_elements_text(current_setting('lockstep.schemas')::jsonb) AS s (name)
)
SELECT 'role' AS kind, current_setting('lockstep.schemas') AS schema, '' AS "table", CURRENT_USER::text AS name, '' AS detail, true AS usable
UNION ALL
(SELECT 'table', n.nspname::text, c.relname::text, '', c.relkind::text, has_schema_privilege(n.oid, 'USAGE')
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%%' AND n.nspname <> 'information_schema'
   AND (c.relname = ANY (%(tables)s::name[]) OR n.nspname IN (SELECT schema FROM path) OR n.nspname = ANY (%(schemas)s::name[]))
 LIMIT 10000)
UNION ALL
(SELECT 'column', n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), true
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relname = ANY (%(tables)s::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
 LIMIT 10000)
UNION ALL
(SELECT 'index', n.nspname::text, c.relname::text, x.relname::text,
        CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE 'INVALID ' END || CASE WHEN i.indisunique THEN 'unique ' ELSE '' END
        || CASE WHEN i.indpred IS NULL THEN '' ELSE 'partial ' END || 'index on (' || coalesce((
            SELECT string_agg(coalesce(quote_ident(a.attname::text), 'an expression'), ', ' ORDER BY u.place)
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (number, place)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number
            WHERE u.place <= i.indnkeyatts
        ), '') || ')', i.indisvalid AND i.indisready
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
 WHERE c.relname = ANY (%(tables)s::name[])
 LIMIT 10000)
UNION ALL
(SELECT 'function', n.nspname::text, p.proname::text, '', oidvectortypes(p.proargtypes), true
 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE %(functions)s::name[] <> '{}' AND (p.proname = ANY (%(functions)s::name[])
   OR n.nspname IN (SELECT schema FROM path WHERE schema <> 'pg_catalog'))
 LIMIT 10000)
UNION ALL
SELECT 'extension', '', e.name::text, '', coalesce(e.default_version, ''), true
FROM pg_available_extensions() e WHERE %(extensions)s::boolean
