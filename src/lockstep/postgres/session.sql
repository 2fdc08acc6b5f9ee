-- name: examine
-- What the doctor wants to know at every boot, and the session's own settings, in one round trip. Settings are made only where
-- the server's pid is the one libpq was told: behind a pooler they would leak to the next client. A boot that finds nothing to
-- do spends most of its time here: functions are asked, not catalogs, which a new server process would have to load first.
SELECT pg_catalog.pg_backend_pid() AS backend_pid,
       pg_catalog.current_database() AS database,
       CURRENT_USER AS role,
       pg_catalog.current_setting('server_version_num')::integer AS server_version,
       pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.current_setting('default_transaction_read_only') = 'on' AS read_only,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create_schema,
       coalesce((pg_catalog.current_schemas(false))[1], '') AS schema,
       coalesce(
           pg_catalog.has_schema_privilege((pg_catalog.current_schemas(false))[1], 'CREATE'),
           false
       ) AS may_create_table,
       pg_catalog.current_setting('search_path') AS search_path,
       pg_catalog.pg_postmaster_start_time() AS server_started,
       CASE may_look
            WHEN true THEN pg_catalog.to_regclass('lockstep.ledger') IS NOT NULL
            ELSE may_look IS NOT NULL
       END AS has_ledger,
       CASE may_look WHEN true THEN (
           SELECT coalesce(pg_catalog.bool_and(pg_catalog.has_table_privilege(pg_catalog.to_regclass(t.name), p.name)), true)
           FROM (VALUES ('lockstep.bookkeeping'), ('lockstep.ledger'), ('lockstep.journal'), ('lockstep.boots')) AS t (name),
                (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (name)
       ) ELSE may_look IS NULL END AS may_use_ledger,
       CASE may_look
            WHEN true THEN pg_catalog.has_table_privilege(pg_catalog.to_regclass('lockstep.needs'), 'SELECT')
       END AS may_see_needs,
       CASE may_look
            WHEN true THEN pg_catalog.has_table_privilege(pg_catalog.to_regclass('lockstep.verified'), 'SELECT')
       END AS may_see_verdicts,
       CASE WHEN pg_catalog.pg_backend_pid() = %(libpq_pid)s
            THEN {own_settings}
       END AS settings_made
-- NULL: there is no such schema. to_regclass may be asked only where it is true.
FROM pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('lockstep')::oid, 'USAGE') AS may_look

-- name: count_user_tables
-- Is anything here already? Asked where there is no ledger.
SELECT pg_catalog.count(*) AS user_tables
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'lockstep')
  AND n.nspname NOT LIKE 'pg\_%%'

-- name: read_only_source
-- Who made transactions read-only? Asked where somebody did.
SELECT source AS read_only_source FROM pg_catalog.pg_settings WHERE name = 'default_transaction_read_only'

-- name: restore_session
-- Undo what a file may have set, take our own settings again, and see in pg_locks that the boot lock is still ours.
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
DISCARD TEMP;
SELECT {own_settings},
       pg_catalog.set_config('application_name', %(application_name)s, false),
       EXISTS (
           SELECT FROM pg_catalog.pg_locks
           WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND granted
             AND (classid::bigint << 32) | objid::bigint = %(key)s AND objsubid = 1
       ) AS lock_is_ours

-- name: restore_transaction
-- The same inside the one transaction of a boot through a pooler, whose server process is others' afterwards.
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
DISCARD TEMP;
SELECT {local_settings}, pg_catalog.set_config('application_name', %(application_name)s, true)

-- name: commit_transaction
-- End it, and leave the server process as it was found: nothing set, no temporary table, no session lock of a file.
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
DISCARD TEMP;
SELECT pg_catalog.pg_advisory_unlock_all();
COMMIT

-- name: abandon_transaction
-- The same when a file failed; what it set goes with the transaction, its session locks do not.
ROLLBACK;
SELECT pg_catalog.pg_advisory_unlock_all()

-- name: backend_pid
-- Which server process answers; two clients with one answer share it.
SELECT pg_catalog.pg_backend_pid() AS backend_pid

-- name: identity
-- What tells one database from another, whatever the address that leads to it.
SELECT pg_catalog.current_database() AS database, pg_catalog.pg_postmaster_start_time() AS server_started

-- name: blockers
-- Who keeps a backend waiting, and what they are doing. The lock manager is asked only when the backend does wait.
SELECT b.pid,
       coalesce(a.application_name, '') AS application_name,
       coalesce(a.usename::text, 'unknown') AS role,
       coalesce(a.state, 'unknown') AS state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change))::float8 AS age,
       coalesce(a.query, '') AS query
FROM (
    SELECT DISTINCT unnest(pg_catalog.pg_blocking_pids(w.pid)) AS pid
    FROM pg_catalog.pg_stat_activity w WHERE w.pid = %(pid)s AND w.wait_event_type = 'Lock'
) AS b
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
ORDER BY b.pid

-- name: invalid_indexes
-- Indexes that a failed concurrent build left behind; queries do not use them, writes pay for them.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1
