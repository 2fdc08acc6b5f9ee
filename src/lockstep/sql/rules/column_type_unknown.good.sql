-- lockstep: no-transaction
ALTER TABLE orders ADD COLUMN IF NOT EXISTS code varchar(20);
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
