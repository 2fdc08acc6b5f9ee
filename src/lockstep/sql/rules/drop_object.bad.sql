DO $$ BEGIN
  IF to_regclass('old_users') IS NULL AND to_regclass('users') IS NULL THEN
    CREATE TABLE old_users (id bigint);
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS users (id bigint);
DROP TABLE old_users;
