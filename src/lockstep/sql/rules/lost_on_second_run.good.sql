CREATE TABLE IF NOT EXISTS users (email text CONSTRAINT users_pkey PRIMARY KEY);
DO $$ BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'users'::regclass AND attname = 'id' AND NOT attisdropped
  ) THEN
    ALTER TABLE users DROP CONSTRAINT users_pkey, ADD COLUMN id bigint PRIMARY KEY;
  END IF;
END $$;
