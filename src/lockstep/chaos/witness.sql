-- name: has_ledger
-- Is there a ledger by now?
SELECT pg_catalog.to_regclass('lockstep.ledger') IS NOT NULL AND pg_catalog.to_regclass('lockstep.journal') IS NOT NULL AS found

-- name: ledger
-- What was applied here, for whichever application.
SELECT app, kind, name, checksum FROM lockstep.ledger

-- name: journal
-- Statements of files that were begun and not finished.
SELECT kind, name, statement, state FROM lockstep.journal ORDER BY kind, name, statement

-- name: sessions
-- The copies' sessions: whoever holds an advisory lock first, then the oldest.
SELECT a.pid, a.application_name AS name, coalesce(a.state, '') AS state, pg_catalog.left(a.query, 120) AS query,
       EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted) AS holds
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'
ORDER BY holds DESC, a.backend_start, a.pid

-- name: terminate
-- End a session, as a failover would.
SELECT pg_catalog.pg_terminate_backend(%(pid)s) AS ended

-- name: boot_lock
-- Who holds the boot lock of an application that is known here?
SELECT l.pid FROM pg_catalog.pg_locks l JOIN lockstep.bookkeeping b ON (l.classid::bigint << 32 | l.objid::bigint) = b.lock_key
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())

-- name: prepared
-- Transactions that were prepared and left.
SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()

-- name: tables
-- The tables that hold rows of the application's, and the statement that counts them.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
       pg_catalog.format('SELECT count(*) AS rows FROM %I.%I', n.nspname, c.relname) AS counting
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'lockstep')
ORDER BY 1
