ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm';
SELECT 'calm'::mood;
