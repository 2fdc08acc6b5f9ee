-- name: read_verdict
-- Was the database, as its catalogs are now, found to be what this schema.lock says? And in the same round trip: if so, the boot's
-- record is complete, where that is all the boot is for. That may be lost in a crash of the server; nothing rests on it.
SELECT pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('synchronous_commit', 'off', true),
       pg_catalog.set_config('jit', 'off', true);
WITH live AS MATERIALIZED (
    SELECT ({token}) AS token
), verdict AS MATERIALIZED (
    SELECT v.token, v.remarks FROM lockstep.verified v WHERE v.app = %(app)s AND v.schema_lock = %(schema_lock)s
), recorded AS (
    UPDATE lockstep.boots
    SET outcome = %(outcome)s, ended_at = clock_timestamp(),
        seconds = extract(epoch FROM clock_timestamp() - begun_at)
    WHERE id = %(boot_id)s::uuid AND %(outcome)s::text IS NOT NULL AND (SELECT token FROM live) = (SELECT token FROM verdict)
    RETURNING true
)
SELECT live.token, live.token = verdict.token AS known, verdict.remarks, EXISTS (SELECT FROM recorded) AS recorded
FROM live LEFT JOIN verdict ON true

-- name: write_verdict
-- The database was found to be what this schema.lock says; what older releases' said is of no use after a while.
WITH old AS (
    DELETE FROM lockstep.verified
    WHERE app = %(app)s AND schema_lock <> %(schema_lock)s AND verified_at < pg_catalog.clock_timestamp() - interval '90 days'
)
INSERT INTO lockstep.verified (app, schema_lock, token, remarks, release, boot_id, verified_at)
SELECT %(app)s, %(schema_lock)s, %(token)s, %(remarks)s::jsonb, %(release)s, %(boot_id)s::uuid, pg_catalog.clock_timestamp()
WHERE pg_catalog.set_config('synchronous_commit', 'off', true) IS NOT NULL
ON CONFLICT (app, schema_lock) DO UPDATE
SET token = excluded.token, remarks = excluded.remarks, release = excluded.release, boot_id = excluded.boot_id,
    verified_at = excluded.verified_at

-- name: last_applied
-- Which migration was applied last, by whom.
SELECT name, applied_at, release, boot_id::text AS boot_id
FROM lockstep.ledger WHERE app = %(app)s AND kind = 'migration' ORDER BY applied_at DESC, position DESC LIMIT 1

-- name: last_verified
-- When the schema was last what a schema.lock of this application said.
SELECT verified_at FROM lockstep.verified WHERE app = %(app)s ORDER BY verified_at DESC LIMIT 1

-- name: exclusive_holders
-- Who holds a lock, or waits for one, behind which nothing can be read.
SELECT DISTINCT a.pid,
       coalesce(a.application_name, '') AS application_name,
       coalesce(a.usename::text, 'unknown') AS role,
       coalesce(a.state, 'unknown') AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change))::float8 AS age,
       coalesce(a.query, '') AS query
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
ORDER BY a.pid
