CREATE TABLE IF NOT EXISTS prices (id bigint PRIMARY KEY, amount numeric(8, 2) NOT NULL);
