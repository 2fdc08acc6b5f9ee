CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, verified timestamptz, verified_at timestamptz);
UPDATE users SET verified_at = verified;
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'verified' AND atttypid <> 'boolean'::regtype) THEN
        ALTER TABLE users ALTER COLUMN verified TYPE boolean USING verified IS NOT NULL;
    END IF;
END $$;
