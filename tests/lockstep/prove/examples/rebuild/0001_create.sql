CREATE TABLE IF NOT EXISTS readings (id bigint NOT NULL, value integer NOT NULL);
