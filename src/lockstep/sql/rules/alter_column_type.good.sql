CREATE TABLE IF NOT EXISTS goods (price numeric);
INSERT INTO goods SELECT 9 WHERE NOT EXISTS (SELECT 1 FROM goods);
DO $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = 'goods'::regclass AND attname = 'price' AND atttypid = 'numeric'::regtype
  ) THEN
    ALTER TABLE goods ALTER COLUMN price TYPE bigint USING (price * 100);
  END IF;
END $$;
