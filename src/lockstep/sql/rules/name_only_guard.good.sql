CREATE TABLE IF NOT EXISTS users (id bigint);
CREATE TABLE IF NOT EXISTS orders (id bigint CONSTRAINT id_positive CHECK (id > 0));
DO $$ BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_constraint
    WHERE conrelid = 'users'::regclass AND conname = 'id_positive'
  ) THEN
    ALTER TABLE users ADD CONSTRAINT id_positive CHECK (id > 0);
  END IF;
END $$;
