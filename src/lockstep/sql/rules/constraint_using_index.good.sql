CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email);
DO $$ BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_constraint
    WHERE conrelid = 'users'::regclass AND conname = 'users_email_key'
  ) THEN
    ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
  END IF;
END $$;
