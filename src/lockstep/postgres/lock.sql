-- name: try_lock
-- Take the boot lock if nobody holds it; never waits, so that it never holds a snapshot while it waits.
SELECT pg_catalog.pg_try_advisory_lock(%(key)s) AS locked

-- name: name_session
-- Let those who wait see in pg_stat_activity what this session is about.
SELECT pg_catalog.set_config('application_name', %(name)s, false)

-- name: try_transaction_lock
-- The same until the end of the transaction, for use through a transaction pooler; the session's settings likewise.
SELECT pg_catalog.pg_try_advisory_xact_lock(%(key)s) AS locked, {local_settings} AS settings_made

-- name: unlock
-- Give the boot lock back; false would mean that it was not ours.
SELECT pg_catalog.pg_advisory_unlock(%(key)s) AS unlocked

-- name: holder
-- Who holds the boot lock of this database, since when, and what it runs.
SELECT l.pid,
       coalesce(a.application_name, '') AS application_name,
       coalesce(a.usename::text, '') AS role,
       coalesce(host(a.client_addr), 'local') AS client,
       coalesce(extract(epoch FROM clock_timestamp() - a.backend_start), 0)::float8 AS age,
       coalesce(a.state, 'unknown') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - a.query_start), 0)::float8 AS query_age,
       coalesce(a.query, '') AS query
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND (l.classid::bigint << 32) | l.objid::bigint = %(key)s
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
LIMIT 1
