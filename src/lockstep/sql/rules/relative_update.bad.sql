CREATE TABLE IF NOT EXISTS goods (id bigint PRIMARY KEY, price bigint);
INSERT INTO goods VALUES (1, 9) ON CONFLICT (id) DO NOTHING;
UPDATE goods SET price = price * 100;
