CREATE TABLE IF NOT EXISTS users (id bigint, email text);
DO $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'users'::regclass AND attname = 'email' AND NOT attisdropped
  ) THEN
    ALTER TABLE users RENAME COLUMN email TO mail;
  END IF;
END $$;
