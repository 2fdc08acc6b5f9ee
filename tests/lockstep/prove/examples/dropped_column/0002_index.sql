SELECT 1;
CREATE INDEX IF NOT EXISTS parcels_weight_idx ON parcels (weight);
