-- On no rows nothing is wrong with it.
ALTER TABLE notes ADD COLUMN IF NOT EXISTS owner text NOT NULL;
