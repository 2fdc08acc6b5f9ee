CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE TABLE active_users AS SELECT id FROM users;
