DO $$ BEGIN
  IF to_regtype('mood') IS NULL THEN
    CREATE TYPE mood AS ENUM ('sad', 'happy');
  END IF;
END $$;
ALTER TYPE mood ADD VALUE 'calm';
