DO $$
BEGIN
    IF to_regtype('mood') IS NULL THEN
        CREATE TYPE mood AS ENUM ('calm', 'busy');
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS accounts (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT accounts_pkey PRIMARY KEY,
    email text NOT NULL,
    mood mood NOT NULL DEFAULT 'calm',
    visits integer NOT NULL CONSTRAINT accounts_visits CHECK (visits > 0)
);
