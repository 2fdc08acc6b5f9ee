DO $$ BEGIN
  IF to_regtype('positive') IS NULL THEN
    CREATE DOMAIN positive AS bigint;
  END IF;
END $$;
ALTER DOMAIN positive ADD CONSTRAINT positive_is CHECK (VALUE > 0);
