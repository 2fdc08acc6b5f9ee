CREATE TABLE IF NOT EXISTS parcels (id bigint PRIMARY KEY, weight integer);
