CREATE TABLE IF NOT EXISTS users (id bigint, email text);
DO $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'users'::regclass AND attname = 'email' AND NOT attisdropped
  ) THEN
    UPDATE users SET email = 'none' WHERE email IS NULL;
  END IF;
END $$;
ALTER TABLE users DROP COLUMN IF EXISTS email;
