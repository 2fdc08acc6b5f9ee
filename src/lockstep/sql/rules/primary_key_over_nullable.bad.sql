DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint
                 WHERE conrelid = 'log'::regclass AND conname = 'log_pkey') THEN
    ALTER TABLE log ADD CONSTRAINT log_pkey PRIMARY KEY USING INDEX log_id_idx;
  END IF;
END $$;
