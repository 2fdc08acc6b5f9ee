CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE STATISTICS users_stat ON id, email FROM users;
