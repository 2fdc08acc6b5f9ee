CREATE TABLE IF NOT EXISTS users (id bigint, email text);
UPDATE users SET email = 'none' WHERE email IS NULL;
ALTER TABLE users DROP COLUMN IF EXISTS email;
