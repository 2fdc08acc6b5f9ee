ALTER TABLE prices ADD CHECK (amount > 0);
