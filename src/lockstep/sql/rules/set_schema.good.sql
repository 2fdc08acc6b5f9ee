CREATE SCHEMA IF NOT EXISTS archive;
DO $$ BEGIN
  IF to_regclass('public.orders') IS NOT NULL AND to_regclass('archive.orders') IS NULL THEN
    ALTER TABLE public.orders SET SCHEMA archive;
  END IF;
END $$;
