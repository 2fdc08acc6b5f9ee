DO $$ BEGIN
  IF to_regtype('address') IS NULL THEN
    CREATE TYPE address AS (street text);
  END IF;
END $$;
DO $$ BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'address'::regclass AND attname = 'city' AND NOT attisdropped
  ) THEN
    ALTER TYPE address ADD ATTRIBUTE city text;
  END IF;
END $$;
