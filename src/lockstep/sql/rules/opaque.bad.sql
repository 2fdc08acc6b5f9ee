CREATE TABLE IF NOT EXISTS visits (at timestamptz);
CREATE OR REPLACE FUNCTION visit() RETURNS void LANGUAGE sql AS 'INSERT INTO visits VALUES (now())';
SELECT visit();
