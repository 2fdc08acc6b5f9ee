CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE INDEX ON users (email);
