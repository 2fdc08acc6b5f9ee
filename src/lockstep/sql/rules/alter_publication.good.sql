CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = 'news') THEN
    CREATE PUBLICATION news;
  END IF;
END $$;
ALTER PUBLICATION news SET TABLE users;
