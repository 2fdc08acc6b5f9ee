-- lockstep: no-transaction
DROP TABLE IF EXISTS readings_new;
CREATE TABLE readings_new (id bigint NOT NULL, value numeric NOT NULL);
INSERT INTO readings_new SELECT id, value FROM readings;
DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;
