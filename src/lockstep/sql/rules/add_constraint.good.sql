CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
DO $$ BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_constraint
    WHERE conrelid = 'users'::regclass AND conname = 'users_email_given'
  ) THEN
    ALTER TABLE users ADD CONSTRAINT users_email_given CHECK (email <> '');
  END IF;
END $$;
