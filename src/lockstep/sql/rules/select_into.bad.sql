CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
SELECT id INTO active_users FROM users;
