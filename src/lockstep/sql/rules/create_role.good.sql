DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'bookkeeping_reader') THEN
    CREATE ROLE bookkeeping_reader;
  END IF;
END $$;
