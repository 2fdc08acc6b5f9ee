CREATE INDEX ON prices (amount);
