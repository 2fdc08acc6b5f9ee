-- lockstep: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS items_price_idx ON shop.items (price);
DROP INDEX CONCURRENTLY IF EXISTS shop.items_old_idx;
