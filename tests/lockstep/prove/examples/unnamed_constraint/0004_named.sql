ALTER TABLE prices DROP CONSTRAINT IF EXISTS prices_amount_small;
ALTER TABLE prices ADD CONSTRAINT prices_amount_small CHECK (amount < 100000);
