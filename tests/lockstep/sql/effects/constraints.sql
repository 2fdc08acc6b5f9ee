CREATE TABLE t (id int PRIMARY KEY, a int, b text, n int NOT NULL DEFAULT 1);
INSERT INTO t SELECT i, i, i::text FROM generate_series(1, 3) i;
CREATE TABLE other (id int PRIMARY KEY, x int);
INSERT INTO other SELECT generate_series(1, 9);
-- case: add a CHECK
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- case: add a CHECK that is not valid
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
-- case: add a CHECK that is not enforced (since 18)
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;
-- case: validate a CHECK
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
-- run
ALTER TABLE t VALIDATE CONSTRAINT k;
-- case: validate a CHECK that is valid
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- run
ALTER TABLE t VALIDATE CONSTRAINT k;
-- case: add and validate in one statement
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k;
-- case: add a foreign key
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id);
-- case: add a foreign key that is not valid
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id) NOT VALID;
-- case: add a foreign key that is not enforced (since 18)
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id) NOT ENFORCED;
-- case: add a foreign key to itself
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t (id);
-- case: validate a foreign key
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id) NOT VALID;
-- run
ALTER TABLE t VALIDATE CONSTRAINT k;
-- case: create a table with REFERENCES
CREATE TABLE r (id int, o int REFERENCES other);
-- case: create a table with a foreign key
CREATE TABLE r (id int, o int, FOREIGN KEY (o) REFERENCES other (id));
-- case: create a table that is there, with REFERENCES
CREATE TABLE IF NOT EXISTS t (id int, o int REFERENCES other);
-- case: add UNIQUE
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- case: add EXCLUDE
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING btree (a WITH =);
-- case: add UNIQUE with an index that is there
CREATE UNIQUE INDEX i ON t (a);
-- run
ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;
-- case: add a primary key
CREATE TABLE p (id int);
INSERT INTO p VALUES (1), (2);
-- run
ALTER TABLE p ADD PRIMARY KEY (id);
-- case: add a primary key over a column that is not null
CREATE TABLE p (id int NOT NULL);
INSERT INTO p VALUES (1), (2);
-- run
ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
-- case: add a primary key with an index that is there
CREATE TABLE p (id int NOT NULL);
INSERT INTO p VALUES (1), (2);
CREATE UNIQUE INDEX i ON p (id);
-- run
ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY USING INDEX i;
-- case: add a primary key with an index over a nullable column
CREATE TABLE p (id int);
INSERT INTO p VALUES (1), (2);
CREATE UNIQUE INDEX i ON p (id);
-- run
ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY USING INDEX i;
-- case: add a primary key with an index over a column that a CHECK proves
CREATE TABLE p (id int, CONSTRAINT k CHECK (id IS NOT NULL));
INSERT INTO p VALUES (1), (2);
CREATE UNIQUE INDEX i ON p (id);
-- run
ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY USING INDEX i;
-- case: add NOT NULL as a constraint (since 18)
ALTER TABLE t ADD CONSTRAINT k NOT NULL a;
-- case: add NOT NULL that is not valid (since 18)
ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;
-- case: validate NOT NULL (since 18)
ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;
-- run
ALTER TABLE t VALIDATE CONSTRAINT k;
-- case: set NOT NULL where it is not valid (since 18)
ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;
-- run
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- case: drop a CHECK
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- run
ALTER TABLE t DROP CONSTRAINT k;
-- case: drop a foreign key
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id);
-- run
ALTER TABLE t DROP CONSTRAINT k;
-- case: drop a primary key that is referred to
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id);
-- run
ALTER TABLE other DROP CONSTRAINT other_pkey CASCADE;
-- case: drop a constraint that is not there
ALTER TABLE t ADD CONSTRAINT absent CHECK (a > 0);
ALTER TABLE t DROP CONSTRAINT absent;
-- run
ALTER TABLE t DROP CONSTRAINT IF EXISTS absent;
-- case: make a foreign key deferrable
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id);
-- run
ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE;
-- case: drop a table with a foreign key
CREATE TABLE r (id int, o int REFERENCES other);
-- run
DROP TABLE r;
-- case: drop a table that is referred to
CREATE TABLE r (id int, o int REFERENCES other);
-- run
DROP TABLE other CASCADE;
-- case: drop a table that is not there
CREATE TABLE absent (); DROP TABLE absent;
-- run
DROP TABLE IF EXISTS absent;
-- case: truncate a table
TRUNCATE t;
-- case: truncate a table that is referred to
CREATE TABLE r (id int, o int REFERENCES other);
INSERT INTO r VALUES (1, 1);
-- run
TRUNCATE other CASCADE;
-- case: truncate a table with a foreign key
CREATE TABLE r (id int, o int REFERENCES other);
INSERT INTO r VALUES (1, 1);
-- run
TRUNCATE r;
-- case: change the type of a column with a foreign key
CREATE TABLE r (id int, o int REFERENCES other);
INSERT INTO r VALUES (1, 1);
-- run
ALTER TABLE r ALTER COLUMN o TYPE bigint;
-- case: change the type of a column that a foreign key refers to
CREATE TABLE r (id int, o int REFERENCES other);
INSERT INTO r VALUES (1, 1);
-- run
ALTER TABLE other ALTER COLUMN id TYPE bigint;
-- case: widen a column with a foreign key
CREATE TABLE k (c varchar(10) PRIMARY KEY);
CREATE TABLE r (id int, c varchar(10) REFERENCES k);
-- run
ALTER TABLE r ALTER COLUMN c TYPE varchar(20);
-- case: change the type of another column than that of the key
CREATE TABLE r (id int, o int REFERENCES other);
INSERT INTO r VALUES (1, 1);
-- run
ALTER TABLE other ALTER COLUMN x TYPE bigint;
-- case: change the type of a column that a view shows (fails 0A000)
CREATE VIEW v AS SELECT a FROM t;
-- run
ALTER TABLE t ALTER COLUMN a TYPE bigint;
-- case: change the type of a column that a view does not show
CREATE VIEW v AS SELECT b FROM t;
-- run
ALTER TABLE t ALTER COLUMN a TYPE bigint;
