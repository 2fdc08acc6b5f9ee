DO $$ BEGIN
  IF to_regclass('people') IS NULL THEN
    ALTER TABLE users RENAME TO people;
  END IF;
END $$;
