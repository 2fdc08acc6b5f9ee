-- name: register
-- Write down what this process needs, and until when that holds; names as the role's search path finds them get their schemas.
-- Rows of processes that are long gone are taken away on the way, without waiting for anybody. It may be lost in a crash of the
-- server (no wait for the disk): it is written again soon.
SELECT pg_catalog.set_config('lockstep.schemas', pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text, true),
       pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('synchronous_commit', 'off', true),
       pg_catalog.set_config('lock_timeout', '2s', true);
DELETE FROM lockstep.needs WHERE boot_id IN (
    SELECT boot_id FROM lockstep.needs WHERE lease_until < clock_timestamp() - interval '1 hour' FOR UPDATE SKIP LOCKED
);
WITH path AS MATERIALIZED (
    SELECT s.name::name AS schema, s.place
    FROM jsonb_array_elements_text(current_setting('lockstep.schemas')::jsonb) WITH ORDINALITY AS s (name, place)
)
INSERT INTO lockstep.needs (boot_id, app, release, host, pid, digest, needs, lease_until)
SELECT %(boot_id)s::uuid, %(app)s, %(release)s, %(host)s, %(pid)s, %(digest)s,
       coalesce(jsonb_agg(n.need || CASE WHEN f.schema IS NULL THEN '{}' ELSE jsonb_build_object('schema', f.schema) END), '[]'),
       clock_timestamp() + make_interval(secs => %(lease)s)
FROM jsonb_array_elements(%(needs)s::jsonb) AS n (need)
LEFT JOIN LATERAL (
    SELECT c.schema FROM (
        SELECT p.schema, p.place FROM pg_class r
        JOIN pg_namespace s ON s.oid = r.relnamespace JOIN path p ON p.schema = s.nspname
        WHERE r.relname = (n.need ->> 'name')::name
          AND (n.need ->> 'kind' IN ('table', 'column', 'index', 'foreign key') OR n.need ->> 'object' = 'table')
        UNION ALL
        SELECT p.schema, p.place FROM pg_proc r
        JOIN pg_namespace s ON s.oid = r.pronamespace JOIN path p ON p.schema = s.nspname
        WHERE r.proname = (n.need ->> 'name')::name AND n.need ->> 'kind' = 'function'
    ) c ORDER BY c.place LIMIT 1
) f ON NOT n.need ? 'schema'
ON CONFLICT (boot_id) DO UPDATE SET lease_until = excluded.lease_until

-- name: renew
-- Say that this process still runs; without a row nobody knows of it.
SELECT pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('synchronous_commit', 'off', true),
       pg_catalog.set_config('lock_timeout', '2s', true);
UPDATE lockstep.needs SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE boot_id = %(boot_id)s::uuid RETURNING true

-- name: withdraw
-- This process stops: nothing is needed for it any more.
SELECT pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('lock_timeout', '1s', true);
DELETE FROM lockstep.needs WHERE boot_id = %(boot_id)s::uuid

-- name: role
-- Who may not do it.
SELECT pg_catalog.quote_ident(CURRENT_USER::text)

-- name: running
-- What those that run now need, one row for all processes of one kind.
SELECT app, release, pg_catalog.count(*) AS processes, pg_catalog.min(host) AS host, pg_catalog.max(lease_until) AS lease_until,
       (pg_catalog.array_agg(needs))[1] AS needs, pg_catalog.current_schemas(false)::text[] AS path
FROM lockstep.needs
WHERE lease_until > pg_catalog.clock_timestamp()
GROUP BY app, release, digest
ORDER BY app, release, digest

-- name: live
-- What the needed tables and functions are made of now.
SELECT 'relation' AS kind, n.nspname::text AS schema, c.relname::text AS name, pg_catalog.jsonb_build_object(
    'kind', c.relkind,
    'columns', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', a.attname, 'not_null', a.attnotnull,
            'default', a.atthasdef AND a.attgenerated = '', 'generated', a.attidentity <> '' OR a.attgenerated <> ''
        ))
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'indexes', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', x.relname, 'unique', i.indisunique, 'partial', i.indpred IS NOT NULL,
            'constraint', (SELECT k.conname FROM pg_catalog.pg_constraint k
                           WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')),
            'columns', (
                SELECT pg_catalog.jsonb_agg(coalesce(a.attname::text, '') ORDER BY u.place)
                FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS u (number, place)
                LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number
                WHERE u.place <= i.indnkeyatts
            )
        ))
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisready
    ),
    'foreign keys', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', k.conname, 'columns', (
            SELECT pg_catalog.jsonb_agg(a.attname) FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        )))
        FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
    )
) AS body
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(tables)s::pg_catalog.name[]) AND n.nspname = ANY (%(schemas)s::pg_catalog.name[])
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT 'function', n.nspname::text, p.proname::text, pg_catalog.jsonb_build_object('arguments', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.format_type(u.type, NULL) ORDER BY u.place)
    FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY AS u (type, place)
))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = ANY (%(functions)s::pg_catalog.name[]) AND n.nspname = ANY (%(schemas)s::pg_catalog.name[])
