DO $$ BEGIN
  IF to_regtype('address') IS NULL THEN
    CREATE TYPE address AS (street text);
  END IF;
END $$;
ALTER TYPE address ADD ATTRIBUTE city text;
