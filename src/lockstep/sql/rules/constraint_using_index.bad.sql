CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
