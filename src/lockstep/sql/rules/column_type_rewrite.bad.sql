-- lockstep: no-transaction
ALTER TABLE orders ADD COLUMN IF NOT EXISTS quantity int;
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;
