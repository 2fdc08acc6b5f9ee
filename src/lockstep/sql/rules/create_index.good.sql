CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);
