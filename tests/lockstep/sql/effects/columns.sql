CREATE TABLE t (id int PRIMARY KEY, a int, b text, n int NOT NULL DEFAULT 1);
INSERT INTO t SELECT i, i, i::text FROM generate_series(1, 3) i;
CREATE TABLE other (id int PRIMARY KEY);
INSERT INTO other SELECT generate_series(1, 9);
CREATE DOMAIN plain_domain AS text;
CREATE DOMAIN checked_domain AS text CHECK (VALUE <> '');
-- case: add a column
ALTER TABLE t ADD COLUMN c int;
-- case: add a column with a constant default
ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 5;
-- case: add a column with DEFAULT NULL
ALTER TABLE t ADD COLUMN c int DEFAULT NULL;
-- case: add a column with DEFAULT true
ALTER TABLE t ADD COLUMN c bool DEFAULT true;
-- case: add a column with now()
ALTER TABLE t ADD COLUMN c timestamptz NOT NULL DEFAULT now();
-- case: add a column with CURRENT_TIMESTAMP
ALTER TABLE t ADD COLUMN c timestamptz DEFAULT CURRENT_TIMESTAMP;
-- case: add a column with a time in another zone
ALTER TABLE t ADD COLUMN c timestamp DEFAULT (now() AT TIME ZONE 'utc');
-- case: add a column with an immutable expression
ALTER TABLE t ADD COLUMN c text DEFAULT lower('A') || 'b';
-- case: add a column with an empty array
ALTER TABLE t ADD COLUMN c text[] NOT NULL DEFAULT ARRAY[]::text[];
-- case: add a column with clock_timestamp()
ALTER TABLE t ADD COLUMN c timestamptz DEFAULT clock_timestamp();
-- case: add a column with random()
ALTER TABLE t ADD COLUMN c float8 DEFAULT random();
-- case: add a column with gen_random_uuid()
ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid();
-- case: add a column with a volatile call inside of another
ALTER TABLE t ADD COLUMN c text DEFAULT md5(random()::text);
-- case: add a column with nextval
CREATE SEQUENCE s;
-- run
ALTER TABLE t ADD COLUMN c bigint DEFAULT nextval('s');
-- case: add a column with a volatile SQL function that is inlined to a constant
CREATE FUNCTION five() RETURNS int LANGUAGE sql AS 'SELECT 5';
-- run
ALTER TABLE t ADD COLUMN c int DEFAULT five();
-- case: add a column with a volatile function
CREATE FUNCTION five() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 5; END';
-- run
ALTER TABLE t ADD COLUMN c int DEFAULT five();
-- case: add a column with a stable function
CREATE FUNCTION five() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
-- run
ALTER TABLE t ADD COLUMN c int DEFAULT five();
-- case: add a serial column
ALTER TABLE t ADD COLUMN c bigserial;
-- case: add an identity column
ALTER TABLE t ADD COLUMN c bigint GENERATED ALWAYS AS IDENTITY;
-- case: add a stored generated column
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) STORED;
-- case: add a virtual generated column (since 18)
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) VIRTUAL;
-- case: add a column of a domain
ALTER TABLE t ADD COLUMN c plain_domain;
-- case: add a column of a domain with CHECK
ALTER TABLE t ADD COLUMN c checked_domain;
-- case: add a column of a domain with CHECK and a default
ALTER TABLE t ADD COLUMN c checked_domain DEFAULT 'x';
-- case: add a column NOT NULL without a default (fails 23502)
ALTER TABLE t ADD COLUMN c int NOT NULL;
-- case: add a column with CHECK
ALTER TABLE t ADD COLUMN c int CHECK (c > 0);
-- case: add a column with REFERENCES
ALTER TABLE t ADD COLUMN c int REFERENCES other;
-- case: add a column with REFERENCES and a default
ALTER TABLE t ADD COLUMN c int DEFAULT 1 REFERENCES other;
-- case: add a column with UNIQUE
ALTER TABLE t ADD COLUMN c int UNIQUE;
-- case: add a column with PRIMARY KEY
ALTER TABLE other DROP CONSTRAINT other_pkey, DROP COLUMN id;
-- run
ALTER TABLE other ADD COLUMN c serial PRIMARY KEY;
-- case: add a column that is there
ALTER TABLE t ADD COLUMN IF NOT EXISTS a int CHECK (a > 0);
-- case: add a column that is there, with what would be heavy
ALTER TABLE t ADD COLUMN IF NOT EXISTS a uuid DEFAULT gen_random_uuid();
-- case: alter a table that is not there
CREATE TABLE absent (); DROP TABLE absent;
-- run
ALTER TABLE IF EXISTS absent ADD COLUMN a uuid DEFAULT gen_random_uuid();
-- case: drop a column
ALTER TABLE t DROP COLUMN a;
-- case: drop a column with a foreign key
CREATE TABLE r (id int, o int REFERENCES other);
-- run
ALTER TABLE r DROP COLUMN o;
-- case: drop a column that a foreign key refers to
CREATE TABLE r (id int, o int REFERENCES other);
-- run
ALTER TABLE other DROP COLUMN id CASCADE;
-- case: set a default
ALTER TABLE t ALTER COLUMN a SET DEFAULT random();
-- case: drop a default
ALTER TABLE t ALTER COLUMN n DROP DEFAULT;
-- case: drop NOT NULL
ALTER TABLE t ALTER COLUMN n DROP NOT NULL;
-- case: rename a column
ALTER TABLE t RENAME COLUMN a TO z;
-- case: rename a table
ALTER TABLE t RENAME TO z;
-- case: rename a constraint
ALTER TABLE t RENAME CONSTRAINT t_pkey TO z;
-- case: change the owner
ALTER TABLE t OWNER TO CURRENT_USER;
-- case: set the schema
CREATE SCHEMA IF NOT EXISTS elsewhere;
-- run
ALTER TABLE t SET SCHEMA elsewhere;
-- case: enable row security
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- case: set the replica identity
ALTER TABLE t REPLICA IDENTITY FULL;
-- case: set the storage of a column
ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL;
-- case: set the compression of a column (since 14)
ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz;
-- case: add an identity to a column
ALTER TABLE t ALTER COLUMN n DROP DEFAULT, ALTER COLUMN n ADD GENERATED BY DEFAULT AS IDENTITY;
-- case: drop an expression
CREATE TABLE g (a int, c int GENERATED ALWAYS AS (a + 1) STORED);
INSERT INTO g VALUES (1);
-- run
ALTER TABLE g ALTER COLUMN c DROP EXPRESSION;
-- case: set an expression (since 17)
CREATE TABLE g (a int, c int GENERATED ALWAYS AS (a + 1) STORED);
INSERT INTO g VALUES (1);
-- run
ALTER TABLE g ALTER COLUMN c SET EXPRESSION AS (a + 2);
-- case: set NOT NULL
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: set NOT NULL, which it is
ALTER TABLE t ALTER COLUMN n SET NOT NULL;
-- case: set NOT NULL, proven by a CHECK
ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT k;
-- run
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: set NOT NULL, proven by a part of a CHECK
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0 AND a IS NOT NULL);
-- run
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: set NOT NULL with a CHECK that is not valid
ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID;
-- run
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: set NOT NULL twice
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- run
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: set NOT NULL after it was dropped
ALTER TABLE t ALTER COLUMN n DROP NOT NULL;
-- run
ALTER TABLE t ALTER COLUMN n SET NOT NULL;
-- case: several commands
ALTER TABLE t ADD COLUMN c int, ALTER COLUMN a SET NOT NULL, ALTER COLUMN b SET STATISTICS 10;
-- case: a column of its own set NOT NULL in the same statement
ALTER TABLE t ADD COLUMN c int DEFAULT 3, ALTER COLUMN c SET NOT NULL;
