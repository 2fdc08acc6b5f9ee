CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
ALTER TABLE users ADD COLUMN name text;
