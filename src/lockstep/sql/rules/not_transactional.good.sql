DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_subscription WHERE subname = 'news') THEN
    CREATE SUBSCRIPTION news CONNECTION 'dbname=elsewhere' PUBLICATION news WITH (connect = false);
  END IF;
END $$;
