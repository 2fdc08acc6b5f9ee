CREATE TABLE IF NOT EXISTS colours (name text PRIMARY KEY);
CREATE TEMP TABLE read_in (name text) ON COMMIT DROP;
COPY read_in FROM PROGRAM 'echo red';
INSERT INTO colours (name) SELECT name FROM read_in ON CONFLICT (name) DO NOTHING;
