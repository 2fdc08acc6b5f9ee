CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE TABLE IF NOT EXISTS active_users AS SELECT id FROM users;
