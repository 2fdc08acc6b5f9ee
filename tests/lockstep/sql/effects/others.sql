CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t SELECT i, i, i::text FROM generate_series(1, 3) i;
CREATE VIEW v AS SELECT id, a FROM t;
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE DOMAIN d AS int;
CREATE TABLE uses_domain (id int, x d);
INSERT INTO uses_domain VALUES (1, 1);
-- case: create a trigger
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- case: create or replace a trigger (since 14)
CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- case: disable a trigger
ALTER TABLE t DISABLE TRIGGER ALL;
-- case: enable a trigger
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- run
ALTER TABLE t ENABLE TRIGGER g;
-- case: drop a trigger
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- run
DROP TRIGGER g ON t;
-- case: drop a trigger that is not there
CREATE TRIGGER absent BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
DROP TRIGGER absent ON t;
-- run
DROP TRIGGER IF EXISTS absent ON t;
-- case: rename a trigger
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- run
ALTER TRIGGER g ON t RENAME TO z;
-- case: create a policy
CREATE POLICY p ON t USING (true);
-- case: alter a policy
CREATE POLICY p ON t USING (true);
-- run
ALTER POLICY p ON t USING (false);
-- case: drop a policy
CREATE POLICY p ON t USING (true);
-- run
DROP POLICY p ON t;
-- case: create a rule
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
-- case: inherit
CREATE TABLE c (id int NOT NULL, a int, b text);
-- run
ALTER TABLE c INHERIT t;
-- case: no inherit
CREATE TABLE c () INHERITS (t);
-- run
ALTER TABLE c NO INHERIT t;
-- case: create a table that inherits
CREATE TABLE c () INHERITS (t);
-- case: create or replace a view
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 0;
-- case: create a view
CREATE VIEW w AS SELECT id FROM t;
-- case: drop a view
DROP VIEW v;
-- case: rename a view
ALTER VIEW v RENAME TO z;
-- case: alter a sequence
ALTER SEQUENCE s INCREMENT BY 2;
-- case: restart a sequence
ALTER SEQUENCE s RESTART;
-- case: set the value of a sequence
SELECT setval('s', 5);
-- case: add a CHECK to a domain
ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0);
-- case: add a CHECK that is not valid to a domain
ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;
-- case: validate a CHECK of a domain
ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;
-- run
ALTER DOMAIN d VALIDATE CONSTRAINT k;
-- case: set a domain NOT NULL
ALTER DOMAIN d SET NOT NULL;
-- case: drop a CHECK of a domain
ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0);
-- run
ALTER DOMAIN d DROP CONSTRAINT k;
-- case: set the default of a domain
ALTER DOMAIN d SET DEFAULT 5;
-- case: grant
GRANT SELECT ON t TO PUBLIC;
-- case: update all rows
UPDATE t SET a = 1;
-- case: delete all rows
DELETE FROM t;
-- case: insert
INSERT INTO t VALUES (9, 9, '');
-- case: insert what is selected
INSERT INTO uses_domain SELECT id, a FROM t;
-- case: lock a table
LOCK TABLE t IN SHARE MODE;
-- case: create a table that is there
CREATE TABLE IF NOT EXISTS t (id int);
-- case: add a table to a publication
CREATE PUBLICATION effects_publication;
-- run
ALTER PUBLICATION effects_publication ADD TABLE t;
-- case: a guarded change in a block
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'z') THEN
    ALTER TABLE t ADD COLUMN z uuid DEFAULT gen_random_uuid();
  END IF;
END $$;
-- case: create a table as a query
CREATE TABLE copied AS SELECT * FROM t;
