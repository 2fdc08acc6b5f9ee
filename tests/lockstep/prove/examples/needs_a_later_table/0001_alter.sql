-- The table comes with the next file.

ALTER TABLE later ADD COLUMN IF NOT EXISTS note text;
