DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = 'visits_2020'::regclass) THEN
    ALTER TABLE visits DETACH PARTITION visits_2020;
  END IF;
END $$;
