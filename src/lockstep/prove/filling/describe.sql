-- name: tables
-- What a row of each of the given tables must look like; expressions are as the server writes them.
WITH wanted AS (
    SELECT value::bigint::oid AS oid FROM json_array_elements_text(%(oids)s::json)
)
SELECT c.oid::bigint AS oid, format('%%I.%%I', n.nspname, c.relname) AS name,
    (SELECT coalesce(json_agg(json_build_object(
        'name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod, 'shown', format_type(a.atttypid, a.atttypmod),
        'required', a.attnotnull, 'has_default', a.atthasdef) ORDER BY a.attnum), '[]')
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    (SELECT coalesce(json_agg(json_build_object(
        'columns', (SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
        'expression', pg_get_expr(k.conbin, k.conrelid)) ORDER BY k.conname), '[]')
     FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey IS NOT NULL) AS checks,
    (SELECT coalesce(json_agg(json_build_object(
        'columns', (SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(k.conkey) WITH ORDINALITY AS o(attnum, place)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum),
        'table', (SELECT format('%%I.%%I', rn.nspname, rc.relname) FROM pg_class rc JOIN pg_namespace rn ON rn.oid = rc.relnamespace WHERE rc.oid = k.confrelid),
        'self', k.confrelid = k.conrelid,
        'referenced', (SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(k.confkey) WITH ORDINALITY AS o(attnum, place)
                       JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum)) ORDER BY k.conname), '[]')
     FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS references,
    CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END AS bound
FROM wanted JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY c.oid

-- name: types
-- The given types, and those that they are made of.
WITH RECURSIVE used(oid) AS (
    SELECT value::bigint::oid FROM json_array_elements_text(%(oids)s::json)
    UNION
    SELECT part.oid FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
        SELECT t.typbasetype AS oid WHERE t.typbasetype <> 0
        UNION ALL SELECT t.typelem WHERE t.typcategory = 'A'
        UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid
        UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        {multirange}
    ) AS part
)
SELECT t.oid::bigint AS oid, t.typname::text AS name, format('%%I.%%I', n.nspname, t.typname) AS qualified, t.typtype::text AS kind,
    t.typcategory::text AS category, t.typbasetype::bigint AS base, t.typtypmod AS modifier,
    CASE WHEN t.typcategory = 'A' THEN t.typelem::bigint ELSE 0 END AS element,
    (SELECT r.rngsubtype::bigint FROM pg_range r WHERE r.rngtypid = t.oid) AS subtype,
    {multirange_of} AS multirange_of,
    (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    (SELECT json_agg(json_build_array(a.atttypid::bigint, a.atttypmod) ORDER BY a.attnum) FROM pg_attribute a
     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
    (SELECT json_agg(pg_get_expr(k.conbin, 0) ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS checks
FROM used JOIN pg_type t ON t.oid = used.oid JOIN pg_namespace n ON n.oid = t.typnamespace
