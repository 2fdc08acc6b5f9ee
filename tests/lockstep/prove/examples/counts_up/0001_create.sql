CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, n integer NOT NULL);
