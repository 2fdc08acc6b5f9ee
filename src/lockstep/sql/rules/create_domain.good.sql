DO $$ BEGIN
  IF to_regtype('positive') IS NULL THEN
    CREATE DOMAIN positive AS bigint CHECK (VALUE > 0);
  END IF;
END $$;
