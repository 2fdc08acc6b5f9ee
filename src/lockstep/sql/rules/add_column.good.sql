CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
ALTER TABLE users ADD COLUMN IF NOT EXISTS name text;
