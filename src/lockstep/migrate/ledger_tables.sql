-- The bookkeeping of Lockstep, version 2. Run under the boot lock only: IF NOT EXISTS alone does not stop two sessions from
-- making the same table at once.
CREATE SCHEMA IF NOT EXISTS lockstep;
COMMENT ON SCHEMA lockstep IS 'Lockstep: what was applied here, and by which boots';

CREATE TABLE IF NOT EXISTS lockstep.bookkeeping (
    app text PRIMARY KEY,
    version integer NOT NULL,
    lock_key bigint NOT NULL,
    lock_text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE lockstep.bookkeeping IS 'One row an application: the version of these tables, and what the advisory lock''s key stands for';

CREATE TABLE IF NOT EXISTS lockstep.ledger (
    app text NOT NULL,
    kind text NOT NULL CONSTRAINT ledger_kind CHECK (kind IN ('migration', 'seed')),
    name text NOT NULL,
    checksum text NOT NULL,
    breaking boolean NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    applied_at timestamptz NOT NULL,
    seconds double precision NOT NULL,
    release text NOT NULL,
    boot_id uuid NOT NULL,
    CONSTRAINT ledger_key PRIMARY KEY (app, kind, name)
);
COMMENT ON TABLE lockstep.ledger IS 'One row an applied file, written in the transaction that applied it';

CREATE TABLE IF NOT EXISTS lockstep.journal (
    app text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    statement integer NOT NULL,
    fingerprint text NOT NULL,
    state text NOT NULL CONSTRAINT journal_state CHECK (state IN ('intent', 'done')),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT journal_key PRIMARY KEY (app, kind, name, statement)
);
COMMENT ON TABLE lockstep.journal IS 'The statements of no-transaction files that are not finished yet';

CREATE TABLE IF NOT EXISTS lockstep.boots (
    id uuid PRIMARY KEY,
    app text NOT NULL,
    command text NOT NULL,
    release text NOT NULL,
    environment text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz,
    seconds double precision,
    outcome text CONSTRAINT boots_outcome CHECK (outcome IN ('completed', 'refused', 'failed', 'interrupted')),
    step text NOT NULL DEFAULT '',
    error_code text NOT NULL DEFAULT '',
    error jsonb,
    timeline jsonb
);
CREATE INDEX IF NOT EXISTS boots_app_begun_at ON lockstep.boots (app, begun_at DESC);
COMMENT ON TABLE lockstep.boots IS 'One row a boot, also of a failed one; no outcome and no process: it was killed';

-- Since version 2. Nothing below refers to what is above but the schema: it is run alone where version 1 is.
CREATE TABLE IF NOT EXISTS lockstep.needs (
    boot_id uuid PRIMARY KEY,
    app text NOT NULL,
    release text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    digest text NOT NULL,
    needs jsonb NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL
);
COMMENT ON TABLE lockstep.needs IS 'One row a process that serves: what it needs of the schema until its lease is over';

CREATE TABLE IF NOT EXISTS lockstep.verified (
    app text NOT NULL,
    schema_lock text NOT NULL,
    token text NOT NULL,
    remarks jsonb NOT NULL,
    release text NOT NULL,
    boot_id uuid NOT NULL,
    verified_at timestamptz NOT NULL,
    CONSTRAINT verified_key PRIMARY KEY (app, schema_lock)
);
COMMENT ON TABLE lockstep.verified IS 'One row a schema.lock: when this database was last what it says, and the token by which that state is known again';
