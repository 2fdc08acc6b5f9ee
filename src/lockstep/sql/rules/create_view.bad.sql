CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE VIEW known_users AS SELECT id FROM users;
