-- name: read
-- What was applied here for this application, in order.
SELECT kind, name, checksum, breaking, position, applied_at, release, seconds
FROM lockstep.ledger WHERE app = %(app)s ORDER BY position

-- name: compare_and_begin_boot
-- Is the ledger what is shipped? And in the same statement the boot's own record: completed at once if so and if that is all the
-- boot is for. The record may be lost in a crash of the server (no wait for the disk); the ledger never is.
WITH state AS (
    SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(pg_catalog.string_agg(
               kind || ' ' || name || ' ' || checksum, E'\n' ORDER BY kind COLLATE "C", name COLLATE "C"
           ), ''), 'UTF8')), 'hex') = %(digest)s AS at_head
    FROM lockstep.ledger WHERE app = %(app)s
), begun AS (
    INSERT INTO lockstep.boots (id, app, command, release, environment, host, pid, begun_at, outcome, seconds, ended_at)
    SELECT %(boot_id)s::uuid, %(app)s, %(command)s, %(release)s, %(environment)s, %(host)s, %(pid)s,
           %(begun_at)s::timestamptz, outcome,
           CASE WHEN outcome IS NOT NULL
                THEN extract(epoch FROM pg_catalog.clock_timestamp() - %(begun_at)s::timestamptz) END,
           CASE WHEN outcome IS NOT NULL THEN pg_catalog.clock_timestamp() END
    FROM (SELECT CASE WHEN at_head THEN %(outcome_at_head)s::text END AS outcome FROM state) AS known
    WHERE pg_catalog.set_config('synchronous_commit', 'off', true) IS NOT NULL
    ON CONFLICT (id) DO NOTHING
    RETURNING outcome
)
SELECT at_head, (SELECT outcome FROM begun) AS outcome FROM state

-- name: register
-- Note who uses these tables, and what the lock's key stands for.
INSERT INTO lockstep.bookkeeping (app, version, lock_key, lock_text)
VALUES (%(app)s, 2, %(key)s, 'Lockstep boot lock (pg_try_advisory_lock) of this database')
ON CONFLICT (app) DO UPDATE SET version = excluded.version, lock_key = excluded.lock_key
WHERE (bookkeeping.version, bookkeeping.lock_key) IS DISTINCT FROM (excluded.version, excluded.lock_key)

-- name: may_add_tables
-- Is the table there by now, and may we read it? And if it is not: may we make it?
SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass('lockstep.needs'), 'SELECT') AS sees,
       pg_catalog.has_schema_privilege('lockstep', 'CREATE') AS may

-- name: record
-- A file is applied: part of the transaction that applied it. Fails if somebody else recorded it.
INSERT INTO lockstep.ledger (app, kind, name, checksum, breaking, applied_at, seconds, release, boot_id)
VALUES (%(app)s, %(kind)s, %(name)s, %(checksum)s, %(breaking)s, pg_catalog.clock_timestamp(),
        extract(epoch FROM pg_catalog.clock_timestamp() - {begun}), %(release)s, %(boot_id)s::uuid)

-- name: record_again
-- The same for a file that may run again when its text changes; it keeps its position.
INSERT INTO lockstep.ledger AS l (app, kind, name, checksum, breaking, applied_at, seconds, release, boot_id)
VALUES (%(app)s, %(kind)s, %(name)s, %(checksum)s, %(breaking)s, pg_catalog.clock_timestamp(),
        extract(epoch FROM pg_catalog.clock_timestamp() - {begun}), %(release)s, %(boot_id)s::uuid)
ON CONFLICT (app, kind, name) DO UPDATE
SET checksum = excluded.checksum, breaking = excluded.breaking, applied_at = excluded.applied_at,
    seconds = excluded.seconds, release = excluded.release, boot_id = excluded.boot_id

-- name: read_journal
-- The statements of a no-transaction file that were begun or done by an earlier boot.
SELECT statement, fingerprint, state FROM lockstep.journal
WHERE app = %(app)s AND kind = %(kind)s AND name = %(name)s ORDER BY statement

-- name: note
-- Journal a statement: its intent before it runs, its outcome after.
INSERT INTO lockstep.journal (app, kind, name, statement, fingerprint, state)
VALUES (%(app)s, %(kind)s, %(name)s, %(statement)s, %(fingerprint)s, %(state)s)
ON CONFLICT (app, kind, name, statement) DO UPDATE
SET fingerprint = excluded.fingerprint, state = excluded.state, at = pg_catalog.clock_timestamp()

-- name: forget_intent
-- The statement was not interrupted: the server refused it.
DELETE FROM lockstep.journal
WHERE app = %(app)s AND kind = %(kind)s AND name = %(name)s AND statement = %(statement)s AND state = 'intent'

-- name: clear_journal
-- The file is recorded in the ledger; its journal has served.
DELETE FROM lockstep.journal WHERE app = %(app)s AND kind = %(kind)s AND name = %(name)s

-- name: forget_migrations
-- Files that were taken back: they are pending again.
DELETE FROM lockstep.ledger
WHERE app = %(app)s AND kind = 'migration' AND name IN (SELECT pg_catalog.jsonb_array_elements_text(%(names)s::jsonb))

-- name: record_boot
-- How a boot ended, or how far it is.
INSERT INTO lockstep.boots (id, app, command, release, environment, host, pid, begun_at, ended_at, seconds, outcome,
                            step, error_code, error, timeline)
VALUES (%(boot_id)s::uuid, %(app)s, %(command)s, %(release)s, %(environment)s, %(host)s, %(pid)s,
        %(begun_at)s::timestamptz, pg_catalog.clock_timestamp(), %(seconds)s, %(outcome)s, %(step)s, %(error_code)s,
        %(error)s::jsonb, %(timeline)s::jsonb)
ON CONFLICT (id) DO UPDATE
SET ended_at = excluded.ended_at, seconds = excluded.seconds, outcome = excluded.outcome, step = excluded.step,
    error_code = excluded.error_code, error = excluded.error, timeline = excluded.timeline

-- name: forget_old_boots
-- Keep the record readable: a crash loop must not fill the disk.
DELETE FROM lockstep.boots
WHERE app = %(app)s AND begun_at < pg_catalog.clock_timestamp() - interval '90 days'

-- name: list_boots
-- The latest boots, newest first.
SELECT id::text AS id, app, command, release, environment, host, pid, begun_at, ended_at, seconds, outcome, step,
       error_code, error, timeline
FROM lockstep.boots WHERE app = %(app)s ORDER BY begun_at DESC, id LIMIT %(limit)s
