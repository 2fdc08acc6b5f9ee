CREATE TABLE IF NOT EXISTS users (id bigint CONSTRAINT users_sane CHECK (id > 0));
ALTER TABLE users DROP CONSTRAINT users_sane;
