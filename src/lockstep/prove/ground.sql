-- name: roles
-- The roles of the server, each with what it may do and what it belongs to.
SELECT r.rolname::text AS name, concat_ws(' ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls,
    r.rolconnlimit, r.rolvaliduntil, r.rolconfig::text,
    (SELECT string_agg(m.roleid::regrole::text, ', ' ORDER BY 1) FROM pg_auth_members m WHERE m.member = r.oid)) AS attributes
FROM pg_roles r WHERE r.rolname !~ '^pg_'

-- name: terminate
-- End a backend, as a crash would end it.
SELECT pg_terminate_backend(%(pid)s)

-- name: is_there
-- Is the backend still there?
SELECT 1 AS found FROM pg_stat_activity WHERE pid = %(pid)s

-- name: is_used
-- Is anybody still connected to the database?
SELECT 1 AS found FROM pg_stat_activity WHERE datname = %(name)s

-- name: status
-- What became of a transaction?
SELECT pg_xact_status(%(transaction)s::xid8) AS status

-- name: transaction
-- The number of the open transaction; it gets one if it has none.
SELECT pg_current_xact_id()::text AS transaction

-- name: waits
-- Does the backend wait for others to end their transactions?
SELECT 1 AS found FROM pg_stat_activity WHERE pid = %(pid)s AND wait_event_type = 'Lock'

-- name: drop_role
-- The statement that drops a role.
SELECT format('DROP ROLE IF EXISTS %%I', %(name)s) AS statement

-- name: lock_tables
-- The statements that take the weakest lock on every table.
SELECT format('LOCK TABLE %I.%I IN ACCESS SHARE MODE', n.nspname, c.relname) AS statement
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL SELECT 'SELECT FROM pg_catalog.pg_class LIMIT 0'

-- name: prepared
-- The statements that end transactions which were prepared here and then left.
SELECT json_build_array(format('ROLLBACK PREPARED %L', gid)) AS statements
FROM pg_prepared_xacts WHERE database = current_database()

-- name: subscriptions
-- The statements that drop this database's subscriptions without a word to those whom they subscribe to.
SELECT json_build_array(format('ALTER SUBSCRIPTION %I DISABLE', subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname),
    format('DROP SUBSCRIPTION %I', subname)) AS statements
FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

-- name: slots
-- The statements that drop this database's replication slots.
SELECT json_build_array(format('SELECT pg_drop_replication_slot(%L)', slot_name)) AS statements
FROM pg_replication_slots WHERE database = current_database()
