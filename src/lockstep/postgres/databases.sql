-- name: exists
-- Is there a database of that name?
SELECT true AS found FROM pg_catalog.pg_database WHERE datname = %(name)s

-- name: forgetful
-- Does the server do without fsync? Then a database is made faster by copying files than through the log.
SELECT pg_catalog.current_setting('fsync') = 'off' AS forgetful

-- name: may_create_databases
-- Is this a role that may make databases, on a session of its own (a pooler answers with another process than libpq was told)?
SELECT rolname AS role, rolcreatedb OR rolsuper AS allowed, pg_catalog.pg_backend_pid() AS backend_pid
FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER

-- name: own
-- Show that the owner of scratch databases lives: the lock goes with the session, however that ends.
SELECT pg_catalog.pg_try_advisory_lock(%(class)s, %(owner)s) AS owned

-- name: leftovers
-- Scratch databases that nobody owns and nobody uses. An owner locks before it makes its first one, and names never recur; the
-- list of databases is older than that of locks, so that a new owner's are never among them.
SELECT d.datname AS name
FROM pg_catalog.pg_database d
WHERE d.datname ~ '^lockstep_scratch_[0-7][0-9a-f]{7}_[0-9]+$'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid::bigint = %(class)s
        AND l.objid::bigint = ('x' || pg_catalog.substr(d.datname, 18, 8))::bit(32)::integer
  )
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)

-- name: stray_roles
-- Roles that earlier users of a scratch server left, unless somebody else uses it now: what is there must not depend on who came
-- before.
SELECT r.rolname AS name
FROM pg_catalog.pg_roles r
WHERE r.oid >= 16384 AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid::bigint = %(class)s
      AND l.pid <> pg_catalog.pg_backend_pid()
)

-- name: missing_roles
-- Which of these roles does the server not have?
SELECT wanted.name
FROM pg_catalog.jsonb_array_elements_text(%(names)s::jsonb) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = wanted.name)
ORDER BY wanted.name

-- name: settings
-- The statements that give a copy of a database the settings that it has by itself, or for a role; lists are written as they stand.
SELECT CASE s.setrole WHEN 0 THEN pg_catalog.format('ALTER DATABASE %%I', %(name)s) ELSE pg_catalog.format('ALTER ROLE %%I IN DATABASE %%I', r.rolname, %(name)s) END
    || pg_catalog.format(' SET %%s = ', pg_catalog.left(one, pg_catalog.strpos(one, '=') - 1))
    || CASE WHEN one ~ '^(search_path|temp_tablespaces|(local|session|shared)_preload_libraries)=' THEN pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1)
            ELSE pg_catalog.quote_literal(pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1)) END AS statement
FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase AND d.datname = %(template)s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,
    pg_catalog.unnest(s.setconfig) AS one
