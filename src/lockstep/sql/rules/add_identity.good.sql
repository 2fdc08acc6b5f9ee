CREATE TABLE IF NOT EXISTS users (id bigint NOT NULL);
DO $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'users'::regclass AND attname = 'id' AND attidentity = ''
  ) THEN
    ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
  END IF;
END $$;
