CREATE TABLE parts (id int, a int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE other (id int PRIMARY KEY);
INSERT INTO other VALUES (1), (11);
INSERT INTO parts VALUES (1, 1);
CREATE TABLE alone (id int, a int);
INSERT INTO alone VALUES (11, 11);
-- case: attach
ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM (10) TO (20);
-- case: attach what a CHECK proves
ALTER TABLE alone ADD CONSTRAINT k CHECK (id IS NOT NULL AND id >= 10 AND id < 20);
-- run
ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM (10) TO (20);
-- case: attach beside a default partition
CREATE TABLE rest PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (99, 1);
-- run
ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM (10) TO (20);
-- case: create a partition
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
-- case: create a partition beside a default partition
CREATE TABLE rest PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (99, 1);
-- run
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
-- case: detach
ALTER TABLE parts DETACH PARTITION part_1;
-- case: detach beside a default partition
CREATE TABLE rest PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (99, 1);
-- run
ALTER TABLE parts DETACH PARTITION part_1;
-- case: detach concurrently (since 14) (behind SHARE UPDATE EXCLUSIVE)
ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;
-- case: drop a partition
DROP TABLE part_1;
-- case: drop a partitioned table
DROP TABLE parts;
-- case: truncate a partitioned table
TRUNCATE parts;
-- case: add a column to a partitioned table
ALTER TABLE parts ADD COLUMN c uuid DEFAULT gen_random_uuid();
-- case: add a CHECK to a partitioned table
ALTER TABLE parts ADD CONSTRAINT k CHECK (a > 0);
-- case: add a foreign key to a partitioned table
ALTER TABLE parts ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id);
-- case: add a foreign key that is not valid to a partitioned table (since 18)
ALTER TABLE parts ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES other (id) NOT VALID;
-- case: add a unique constraint to a partitioned table
ALTER TABLE parts ADD CONSTRAINT k UNIQUE (id);
-- case: change a type in a partitioned table
ALTER TABLE parts ALTER COLUMN a TYPE bigint;
-- case: rename a column of a partitioned table
ALTER TABLE parts RENAME COLUMN a TO z;
-- case: create a trigger on a partitioned table
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- run
CREATE TRIGGER g AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION f();
-- case: set a default in a partitioned table
ALTER TABLE parts ALTER COLUMN a SET DEFAULT 5;
-- case: drop a column of a partitioned table
ALTER TABLE parts DROP COLUMN a;
-- case: change the owner of a partitioned table
ALTER TABLE parts OWNER TO CURRENT_USER;
-- case: enable row security of a partitioned table
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
-- case: rename a partitioned table
ALTER TABLE parts RENAME TO z;
-- case: add a primary key to a partitioned table
ALTER TABLE parts ADD CONSTRAINT k PRIMARY KEY (id);
-- case: add a primary key to a partitioned table whose column is not null
ALTER TABLE parts ALTER COLUMN id SET NOT NULL;
-- run
ALTER TABLE parts ADD CONSTRAINT k PRIMARY KEY (id);
