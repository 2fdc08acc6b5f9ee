CREATE TABLE IF NOT EXISTS readings (id bigint CONSTRAINT readings_id NOT NULL, value integer CONSTRAINT readings_value NOT NULL);
