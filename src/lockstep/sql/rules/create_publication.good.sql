DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = 'news') THEN
    CREATE PUBLICATION news;
  END IF;
END $$;
