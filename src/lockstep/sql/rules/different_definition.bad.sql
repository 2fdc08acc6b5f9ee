CREATE TABLE IF NOT EXISTS users (id bigint);
CREATE TABLE IF NOT EXISTS users (id bigint, email text);
