CREATE TABLE IF NOT EXISTS visits (at timestamptz);
SELECT count(*) FROM visits;
