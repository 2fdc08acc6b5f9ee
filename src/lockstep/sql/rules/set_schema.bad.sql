CREATE SCHEMA IF NOT EXISTS archive;
DO $$ BEGIN
  IF to_regclass('archive.orders') IS NULL THEN
    CREATE TABLE IF NOT EXISTS public.orders (id bigint);
  END IF;
END $$;
ALTER TABLE public.orders SET SCHEMA archive;
