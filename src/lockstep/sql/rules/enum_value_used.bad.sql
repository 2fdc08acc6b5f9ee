DO $$ BEGIN
  IF to_regtype('mood') IS NULL THEN
    CREATE TYPE mood AS ENUM ('sad', 'happy');
  END IF;
END $$;
COMMIT;
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm';
SELECT 'calm'::mood;
