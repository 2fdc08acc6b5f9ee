ALTER TABLE users ADD COLUMN IF NOT EXISTS locale text;
UPDATE users SET locale = 'en' WHERE locale IS NULL;
