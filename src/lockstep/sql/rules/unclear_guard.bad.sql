CREATE TABLE IF NOT EXISTS sessions (id bigint PRIMARY KEY);
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 130000 THEN
        ALTER TABLE sessions ADD COLUMN device text;
    END IF;
END $$;
