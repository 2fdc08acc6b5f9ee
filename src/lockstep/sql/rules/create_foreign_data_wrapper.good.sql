DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwname = 'files') THEN
    CREATE FOREIGN DATA WRAPPER files;
  END IF;
END $$;
