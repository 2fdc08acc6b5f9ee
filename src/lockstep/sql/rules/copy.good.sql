CREATE TABLE IF NOT EXISTS colours (name text PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS read_in (name text);
COPY read_in FROM PROGRAM 'echo red';
INSERT INTO colours (name) SELECT name FROM read_in ON CONFLICT (name) DO NOTHING;
