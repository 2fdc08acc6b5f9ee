CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE MATERIALIZED VIEW user_count AS SELECT count(*) AS n FROM users;
