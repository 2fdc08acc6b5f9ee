CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
DO $$ BEGIN
  ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
