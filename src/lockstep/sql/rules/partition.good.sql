CREATE TABLE IF NOT EXISTS sales (day date) PARTITION BY RANGE (day);
CREATE TABLE IF NOT EXISTS sales_2024 (day date);
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits WHERE inhrelid = 'sales_2024'::regclass) THEN
    ALTER TABLE sales
      ATTACH PARTITION sales_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  END IF;
END $$;
