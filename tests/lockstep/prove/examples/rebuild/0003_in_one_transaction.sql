DROP TABLE IF EXISTS readings_new;
CREATE TABLE readings_new (id bigint CONSTRAINT readings_id NOT NULL, value numeric CONSTRAINT readings_value NOT NULL);
INSERT INTO readings_new SELECT id, value FROM readings;
DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;
