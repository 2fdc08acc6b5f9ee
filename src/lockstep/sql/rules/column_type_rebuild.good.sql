-- lockstep: no-transaction
ALTER TABLE orders ADD COLUMN IF NOT EXISTS code varchar(20);
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_code_idx ON orders (code);
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
