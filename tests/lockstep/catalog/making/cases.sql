-- case: prelude
-- both:
CREATE SCHEMA app;
CREATE FUNCTION app.trg() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION app.trg2() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE FUNCTION app.etf() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE COLLATION app.ci FROM "C";

-- case: schemas and extensions
-- from:
CREATE SCHEMA gone;
CREATE SCHEMA other;
CREATE EXTENSION pg_trgm SCHEMA app;
-- to:
CREATE SCHEMA came;
CREATE SCHEMA other;
CREATE EXTENSION pg_trgm SCHEMA other;

-- case: collations
-- from:
CREATE COLLATION app.changed (provider = libc, locale = 'C');
-- to:
CREATE COLLATION app.changed (provider = libc, locale = 'POSIX');

-- case: enum labels
-- from:
CREATE TYPE app.grown AS ENUM ('b', 'd');
CREATE TABLE app.grown_used (e app.grown DEFAULT 'b', es app.grown[] DEFAULT '{b,d}', i int);
INSERT INTO app.grown_used VALUES ('b', '{b,b}');
CREATE VIEW app.grown_seen AS SELECT e, 'd'::app.grown AS d FROM app.grown_used;
CREATE TYPE app.reordered AS ENUM ('x', 'y', 'z');
CREATE TABLE app.reordered_used (r app.reordered PRIMARY KEY DEFAULT 'x', rs app.reordered[]);
INSERT INTO app.reordered_used VALUES ('y', '{x,y}');
-- to:
CREATE TYPE app.grown AS ENUM ('a', 'b', 'c''c', 'd', 'e', 'f');
CREATE TABLE app.grown_used (e app.grown DEFAULT 'c''c', es app.grown[] DEFAULT '{b,d}', i int);
INSERT INTO app.grown_used VALUES ('b', '{b,b}');
CREATE VIEW app.grown_seen AS SELECT e, 'd'::app.grown AS d FROM app.grown_used;
CREATE TYPE app.reordered AS ENUM ('z', 'y', 'x');
CREATE TABLE app.reordered_used (r app.reordered PRIMARY KEY DEFAULT 'z', rs app.reordered[]);
INSERT INTO app.reordered_used VALUES ('y', '{x,y}');

-- case: domains
-- from:
CREATE DOMAIN app.d_default AS int DEFAULT 1;
CREATE DOMAIN app.d_default2 AS int;
CREATE DOMAIN app.d_null AS text;
CREATE DOMAIN app.d_type AS varchar(10) CHECK (VALUE <> '') CONSTRAINT kept CHECK (VALUE <> 'k');
CREATE TABLE app.d_used (d app.d_type, ds app.d_type[]);
INSERT INTO app.d_used VALUES ('x', '{y}');
CREATE DOMAIN app.d_check AS int CONSTRAINT c CHECK (VALUE > 0);
ALTER DOMAIN app.d_check ADD CONSTRAINT v CHECK (VALUE > -5) NOT VALID;
-- to:
CREATE DOMAIN app.d_default AS int DEFAULT 2;
CREATE DOMAIN app.d_default2 AS int DEFAULT 3;
CREATE DOMAIN app.d_null AS text NOT NULL;
CREATE DOMAIN app.d_type AS text CHECK (VALUE <> '') CONSTRAINT kept CHECK (VALUE <> 'k');
CREATE TABLE app.d_used (d app.d_type, ds app.d_type[]);
INSERT INTO app.d_used VALUES ('x', '{y}');
CREATE DOMAIN app.d_check AS int CONSTRAINT c CHECK (VALUE > 1);
ALTER DOMAIN app.d_check ADD CONSTRAINT v CHECK (VALUE > -5);

-- case: composites and ranges
-- from:
CREATE TYPE app.comp AS (a int, b text, gone int);
CREATE TYPE app.comp_order AS (a int, b text);
CREATE TYPE app.comp_collated AS (a text);
CREATE TYPE app.ran AS RANGE (subtype = int);
CREATE TABLE app.ran_used (r app.ran);
INSERT INTO app.ran_used VALUES ('[1,2]');
-- to:
CREATE TYPE app.comp AS (a bigint, b text, more text);
CREATE TYPE app.comp_order AS (b text, a int);
CREATE TYPE app.comp_collated AS (a text COLLATE app.ci);
CREATE TYPE app.ran AS RANGE (subtype = bigint);
CREATE TABLE app.ran_used (r app.ran);
INSERT INTO app.ran_used VALUES ('[1,2]');

-- case: sequences
-- from:
CREATE SEQUENCE app.sq;
CREATE SEQUENCE app.sq2 AS smallint INCREMENT 5 CYCLE CACHE 3;
CREATE SEQUENCE app.sq_owned;
CREATE TABLE app.sq_owner (a int, b int);
ALTER SEQUENCE app.sq_owned OWNED BY app.sq_owner.a;
CREATE SEQUENCE app.sq_free;
-- to:
CREATE SEQUENCE app.sq AS integer INCREMENT -1 MINVALUE -100 MAXVALUE 100 START 10 CYCLE CACHE 7;
CREATE SEQUENCE app.sq2;
CREATE SEQUENCE app.sq_owned;
CREATE TABLE app.sq_owner (a int, b int);
ALTER SEQUENCE app.sq_owned OWNED BY app.sq_owner.b;
CREATE SEQUENCE app.sq_free;
ALTER SEQUENCE app.sq_free OWNED BY app.sq_owner.a;

-- case: routines
-- from:
CREATE FUNCTION app.body(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.attributes(a int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.language_of(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.defaults(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.configured() RETURNS int LANGUAGE sql SET work_mem = '1MB' AS 'SELECT 1';
CREATE FUNCTION app.names(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.returned(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW app.returned_seen AS SELECT app.returned(1) IS NULL AS r;
GRANT SELECT ON app.returned_seen TO app_ro;
CREATE VIEW app.returned_over AS SELECT r FROM app.returned_seen;
CREATE FUNCTION app.outs(OUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION app.windowed(x int) RETURNS bigint LANGUAGE internal AS 'window_row_number' WINDOW;
CREATE PROCEDURE app.proc(a int) LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.turned() RETURNS void LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.agg(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE AGGREGATE app.agg2(int) (sfunc = int4pl, stype = int, combinefunc = int4pl, parallel = safe);
-- to:
CREATE FUNCTION app.body(a int) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION app.attributes(a int) RETURNS SETOF int LANGUAGE sql IMMUTABLE STRICT SECURITY DEFINER LEAKPROOF PARALLEL SAFE COST 5 ROWS 6
    SET search_path = app, pg_temp SET work_mem = '1MB' AS 'SELECT 1';
CREATE FUNCTION app.language_of(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION app.defaults(a int, b int DEFAULT 5) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.configured() RETURNS int LANGUAGE sql SET work_mem = '1MB' SET search_path = app AS 'SELECT 1';
CREATE FUNCTION app.names(b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.returned(a int) RETURNS text LANGUAGE sql AS $$SELECT '1'$$;
CREATE VIEW app.returned_seen AS SELECT app.returned(1) IS NULL AS r;
GRANT SELECT ON app.returned_seen TO app_ro;
CREATE VIEW app.returned_over AS SELECT r FROM app.returned_seen;
CREATE FUNCTION app.outs(OUT a int, OUT c text) LANGUAGE sql AS $$SELECT 1, '2'$$;
CREATE FUNCTION app.windowed(x int) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE PROCEDURE app.proc(a int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN END';
CREATE PROCEDURE app.turned() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.agg(int) (sfunc = int4larger, stype = int, initcond = '1');
CREATE AGGREGATE app.agg2(int) (sfunc = int4pl, stype = int);

-- case: tables
-- from:
CREATE TABLE app.t_options (a int, b text) WITH (fillfactor = 50, autovacuum_enabled = false, toast.autovacuum_enabled = false);
CREATE TABLE app.t_options2 (a int);
CREATE UNLOGGED TABLE app.t_unlogged (a int);
CREATE TABLE app.t_rls (a int);
CREATE TABLE app.t_replica (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX t_replica_a ON app.t_replica (a);
CREATE UNIQUE INDEX t_replica_b ON app.t_replica (b);
ALTER TABLE app.t_replica REPLICA IDENTITY USING INDEX t_replica_a;
CREATE TABLE app.t_replica2 (a int);
CREATE TABLE app.t_gone (a int PRIMARY KEY);
CREATE TABLE app.t_refers (a int REFERENCES app.t_gone);
CREATE VIEW app.t_gone_seen AS SELECT a FROM app.t_gone;
CREATE TABLE app.t_turned (a int, b text);
CREATE TYPE app.row_type AS (x int, y text);
CREATE TABLE app.t_typed (x int, y text);
-- to:
CREATE TABLE app.t_options (a int, b text) WITH (fillfactor = 60, toast.vacuum_truncate = false);
CREATE TABLE app.t_options2 (a int) WITH (parallel_workers = 3);
CREATE TABLE app.t_unlogged (a int);
CREATE TABLE app.t_rls (a int);
ALTER TABLE app.t_rls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE app.t_replica (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX t_replica_a ON app.t_replica (a);
CREATE UNIQUE INDEX t_replica_b ON app.t_replica (b);
ALTER TABLE app.t_replica REPLICA IDENTITY USING INDEX t_replica_b;
CREATE TABLE app.t_replica2 (a int);
ALTER TABLE app.t_replica2 REPLICA IDENTITY FULL;
CREATE TABLE app.t_came (a int PRIMARY KEY, b serial, c int REFERENCES app.t_came);
CREATE TABLE app.t_refers (a int REFERENCES app.t_came);
CREATE VIEW app.t_gone_seen AS SELECT a, b FROM app.t_came;
CREATE TABLE app.t_turned (a int, b text) PARTITION BY LIST (a);
CREATE TYPE app.row_type AS (x int, y text);
CREATE TABLE app.t_typed OF app.row_type;

-- case: partitions and inheritance
-- from:
CREATE TABLE app.part (a int, b text) PARTITION BY RANGE (a);
CREATE TABLE app.part_1 PARTITION OF app.part FOR VALUES FROM (0) TO (10);
CREATE TABLE app.part_2 (a int, b text);
CREATE TABLE app.part_3 PARTITION OF app.part FOR VALUES FROM (20) TO (30);
CREATE TABLE app.part_keyed (a int, b text) PARTITION BY RANGE (a);
-- to:
CREATE TABLE app.part (a int, b text, c int DEFAULT 4 NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE app.part_1 PARTITION OF app.part (b DEFAULT 'x') FOR VALUES FROM (0) TO (5);
CREATE TABLE app.part_2 PARTITION OF app.part FOR VALUES FROM (10) TO (20);
CREATE TABLE app.part_3 PARTITION OF app.part DEFAULT;
CREATE TABLE app.part_4 PARTITION OF app.part FOR VALUES FROM (5) TO (10);
ALTER TABLE app.part ADD CHECK (a > -1);
CREATE INDEX part_b ON app.part (b);
CREATE TABLE app.part_keyed (a int, b text) PARTITION BY LIST (b);

-- case: inheritance
-- from:
CREATE TABLE app.heir_parent (a int);
CREATE TABLE app.heir_parent2 (b int);
CREATE TABLE app.heir (c int) INHERITS (app.heir_parent);
CREATE TABLE app.heir_kept_parent (a int DEFAULT 1, b text);
CREATE TABLE app.heir_kept () INHERITS (app.heir_kept_parent);
-- to:
CREATE TABLE app.heir_parent (a int, d int DEFAULT 5);
CREATE TABLE app.heir_parent2 (b int);
CREATE TABLE app.heir (c int) INHERITS (app.heir_parent);
ALTER TABLE app.heir ALTER d SET DEFAULT 6;
CREATE TABLE app.heir_kept_parent (a int DEFAULT 2, b text);
ALTER TABLE app.heir_kept_parent ALTER b SET STORAGE main;
CREATE TABLE app.heir_kept () INHERITS (app.heir_kept_parent);
ALTER TABLE app.heir_kept ALTER a SET DEFAULT 1, ALTER b SET STORAGE extended;

-- case: columns
-- from:
CREATE TABLE app.c_add (a int);
INSERT INTO app.c_add VALUES (1);
CREATE TABLE app.c_types (a varchar(10), b int DEFAULT 5, c text DEFAULT '5', d varchar(50), e numeric(8, 2), f text COLLATE app.ci, g timestamp, h int[], i text, j int);
CREATE INDEX c_types_a ON app.c_types (a);
INSERT INTO app.c_types VALUES ('x', 1, '2', 'y', 1.5, 'f', '2020-01-01', '{1}', NULL, 8);
CREATE VIEW app.c_types_seen AS SELECT a, b FROM app.c_types;
CREATE VIEW app.c_types_over AS SELECT a FROM app.c_types_seen;
COMMENT ON VIEW app.c_types_over IS 'kept';
CREATE TABLE app.c_defaults (a int DEFAULT 1, b int DEFAULT 2, c int, d timestamptz DEFAULT now(), e text DEFAULT 'it''s');
CREATE TABLE app.c_null (a int NOT NULL, b int);
CREATE TABLE app.c_identity (a int GENERATED ALWAYS AS IDENTITY, b int GENERATED BY DEFAULT AS IDENTITY, c int);
CREATE TABLE app.c_identity2 (a int NOT NULL, b int GENERATED ALWAYS AS IDENTITY, d int NOT NULL DEFAULT 5);
CREATE TABLE app.c_serial (a serial);
CREATE TABLE app.c_generated (a int, b int GENERATED ALWAYS AS (a + 1) STORED, c int, d int GENERATED ALWAYS AS (a) STORED);
CREATE TABLE app.c_storage (a text, b text, c numeric, d varchar(5));
ALTER TABLE app.c_storage ALTER a SET STORAGE external, ALTER c SET STORAGE external;
CREATE TABLE app.c_settings (a int, b int, c int);
ALTER TABLE app.c_settings ALTER a SET STATISTICS 5, ALTER b SET (n_distinct = 5), ALTER c SET (n_distinct = 5);
CREATE TABLE app.c_dropped (a int, gone text, also int CHECK (also > 0));
CREATE INDEX c_dropped_also ON app.c_dropped (also);
-- to:
CREATE TABLE app.c_add (a int, b text DEFAULT 'x' NOT NULL, c int GENERATED ALWAYS AS IDENTITY, d int GENERATED ALWAYS AS (a + 1) STORED, e text COLLATE "C");
ALTER TABLE app.c_add ALTER e SET STORAGE main, ALTER e SET STATISTICS 7;
INSERT INTO app.c_add VALUES (1);
CREATE TABLE app.c_types (a varchar(20), b bigint DEFAULT 6, c int DEFAULT 7, d varchar(20), e numeric(10, 2), f text, g timestamptz, h text[], i uuid, j text);
CREATE INDEX c_types_a ON app.c_types (a);
CREATE VIEW app.c_types_seen AS SELECT a, b FROM app.c_types;
CREATE VIEW app.c_types_over AS SELECT a FROM app.c_types_seen;
COMMENT ON VIEW app.c_types_over IS 'kept';
CREATE TABLE app.c_defaults (a int DEFAULT 2, b int, c int DEFAULT 3, d timestamptz DEFAULT clock_timestamp(), e text);
CREATE TABLE app.c_null (a int, b int NOT NULL);
CREATE TABLE app.c_identity (a int GENERATED BY DEFAULT AS IDENTITY, b int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 3 CACHE 4), c int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE app.c_identity2 (a int GENERATED ALWAYS AS IDENTITY, b int NOT NULL, d int NOT NULL GENERATED ALWAYS AS IDENTITY);
CREATE TABLE app.c_serial (a int GENERATED BY DEFAULT AS IDENTITY);
CREATE TABLE app.c_generated (a int, b int, c int GENERATED ALWAYS AS (a + 2) STORED, d int GENERATED ALWAYS AS (a + 5) STORED);
CREATE TABLE app.c_storage (a text, b text, c numeric, d varchar(5));
ALTER TABLE app.c_storage ALTER b SET STORAGE plain, ALTER d SET STORAGE main;
CREATE TABLE app.c_settings (a int, b int, c int);
ALTER TABLE app.c_settings ALTER b SET (n_distinct = 6, n_distinct_inherited = 4), ALTER c SET STATISTICS 9;
CREATE TABLE app.c_dropped (a int);

-- case: constraints
-- from:
CREATE EXTENSION btree_gist SCHEMA app;
CREATE TABLE app.k_target (a int PRIMARY KEY, b int UNIQUE, c int UNIQUE);
CREATE TABLE app.k (a int CONSTRAINT k_check CHECK (a > 0), b int, c int, d int, e tsrange, f int, g int,
    CONSTRAINT k_key PRIMARY KEY (a), CONSTRAINT k_unique UNIQUE (b), CONSTRAINT k_deferred UNIQUE (c),
    CONSTRAINT k_include UNIQUE (d) INCLUDE (f), CONSTRAINT k_options UNIQUE (f) WITH (fillfactor = 50),
    CONSTRAINT k_exclude EXCLUDE USING gist (e WITH &&),
    CONSTRAINT k_foreign FOREIGN KEY (b) REFERENCES app.k_target, CONSTRAINT k_defer FOREIGN KEY (c) REFERENCES app.k_target,
    CONSTRAINT k_actions FOREIGN KEY (d) REFERENCES app.k_target ON DELETE CASCADE ON UPDATE RESTRICT,
    CONSTRAINT k_kind CHECK (g > 0), CONSTRAINT k_heirs CHECK (f > 0));
ALTER TABLE app.k ADD CONSTRAINT k_valid CHECK (b > 0) NOT VALID, ADD CONSTRAINT k_unproven FOREIGN KEY (f) REFERENCES app.k_target NOT VALID,
    ADD CONSTRAINT k_invalid CHECK (b > -1);
CREATE TABLE app.k_key_used (a int REFERENCES app.k);
-- to:
CREATE EXTENSION btree_gist SCHEMA app;
CREATE TABLE app.k_target (a int PRIMARY KEY, b int UNIQUE, c int UNIQUE);
CREATE TABLE app.k (a int CONSTRAINT k_check CHECK (a > 1), b int, c int, d int, e tsrange, f int, g int,
    CONSTRAINT k_key PRIMARY KEY (a) INCLUDE (g), CONSTRAINT k_unique UNIQUE (b, c), CONSTRAINT k_deferred UNIQUE (c) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT k_include UNIQUE (d) INCLUDE (g), CONSTRAINT k_options UNIQUE (f) WITH (fillfactor = 60),
    CONSTRAINT k_exclude EXCLUDE USING gist (e WITH &&, d WITH =) WHERE (d > 0),
    CONSTRAINT k_foreign FOREIGN KEY (b) REFERENCES app.k_target (c), CONSTRAINT k_defer FOREIGN KEY (c) REFERENCES app.k_target DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT k_actions FOREIGN KEY (d) REFERENCES app.k_target MATCH FULL ON DELETE SET NULL,
    CONSTRAINT k_kind UNIQUE (g), CONSTRAINT k_heirs CHECK (f > 0) NO INHERIT);
ALTER TABLE app.k ADD CONSTRAINT k_valid CHECK (b > 0), ADD CONSTRAINT k_unproven FOREIGN KEY (f) REFERENCES app.k_target,
    ADD CONSTRAINT k_invalid CHECK (b > -1) NOT VALID;
CREATE TABLE app.k_key_used (a int REFERENCES app.k);

-- case: indexes
-- from:
CREATE TABLE app.i (a int, b text, c int, d int4range);
CREATE INDEX i_columns ON app.i (a);
CREATE INDEX i_order ON app.i (a DESC);
CREATE INDEX i_nulls ON app.i (a NULLS FIRST);
CREATE INDEX i_unique ON app.i (a);
CREATE INDEX i_class ON app.i (b);
CREATE INDEX i_collation ON app.i (b);
CREATE INDEX i_expression ON app.i (lower(b));
CREATE INDEX i_where ON app.i (a) WHERE c > 0;
CREATE INDEX i_where2 ON app.i (a);
CREATE INDEX i_method ON app.i USING hash (a);
CREATE INDEX i_options ON app.i (a) WITH (fillfactor = 50);
CREATE INDEX i_include ON app.i (a) INCLUDE (b);
CREATE INDEX i_clustered ON app.i (c);
CREATE INDEX i_statistics ON app.i ((a + 1), (c + 1));
ALTER INDEX app.i_statistics ALTER COLUMN 1 SET STATISTICS 5;
CREATE INDEX i_table ON app.i (a);
CREATE TABLE app.i2 (a int);
-- to:
CREATE TABLE app.i (a int, b text, c int, d int4range);
CREATE INDEX i_columns ON app.i (a, c);
CREATE INDEX i_order ON app.i (a);
CREATE INDEX i_nulls ON app.i (a);
CREATE UNIQUE INDEX i_unique ON app.i (a);
CREATE INDEX i_class ON app.i (b text_pattern_ops);
CREATE INDEX i_collation ON app.i (b COLLATE "C");
CREATE INDEX i_expression ON app.i (upper(b));
CREATE INDEX i_where ON app.i (a) WHERE c > 1;
CREATE INDEX i_where2 ON app.i (a) WHERE c > 1;
CREATE INDEX i_method ON app.i (a);
CREATE INDEX i_options ON app.i (a) WITH (deduplicate_items = off);
CREATE INDEX i_include ON app.i (a) INCLUDE (b, c);
CREATE INDEX i_clustered ON app.i (c);
ALTER TABLE app.i CLUSTER ON i_clustered;
CREATE INDEX i_statistics ON app.i ((a + 1), (c + 1));
ALTER INDEX app.i_statistics ALTER COLUMN 2 SET STATISTICS 6;
CREATE TABLE app.i2 (a int);
CREATE INDEX i_table ON app.i2 (a);

-- case: views
-- from:
CREATE TABLE app.v_table (a int, b text, c int);
CREATE VIEW app.v_text AS SELECT a, b FROM app.v_table WHERE a > 0;
CREATE VIEW app.v_more AS SELECT a FROM app.v_table;
CREATE VIEW app.v_less AS SELECT a, b FROM app.v_table;
CREATE VIEW app.v_less_over AS SELECT a FROM app.v_less;
GRANT SELECT ON app.v_less_over TO app_ro;
CREATE VIEW app.v_options WITH (security_barrier) AS SELECT a FROM app.v_table;
CREATE VIEW app.v_options2 AS SELECT a FROM app.v_table;
CREATE VIEW app.v_defaults AS SELECT a, b FROM app.v_table;
ALTER VIEW app.v_defaults ALTER a SET DEFAULT 1;
CREATE VIEW app.v_turned AS SELECT a FROM app.v_table;
CREATE MATERIALIZED VIEW app.m_text AS SELECT a FROM app.v_table;
CREATE INDEX m_text_a ON app.m_text (a);
COMMENT ON MATERIALIZED VIEW app.m_text IS 'kept';
CREATE VIEW app.m_text_over AS SELECT a FROM app.m_text;
CREATE MATERIALIZED VIEW app.m_options WITH (fillfactor = 50) AS SELECT a FROM app.v_table;
CREATE RULE r_text AS ON INSERT TO app.v_table DO ALSO NOTIFY x;
CREATE RULE r_off AS ON INSERT TO app.v_table DO ALSO NOTIFY x;
-- to:
CREATE TABLE app.v_table (a int, b text, c int);
CREATE VIEW app.v_text AS SELECT a, b FROM app.v_table WHERE a > 1;
CREATE VIEW app.v_more AS SELECT a, b, c FROM app.v_table;
CREATE VIEW app.v_less AS SELECT a FROM app.v_table;
CREATE VIEW app.v_less_over AS SELECT a FROM app.v_less;
GRANT SELECT ON app.v_less_over TO app_ro;
CREATE VIEW app.v_options WITH (check_option = cascaded) AS SELECT a FROM app.v_table;
CREATE VIEW app.v_options2 WITH (security_barrier) AS SELECT a FROM app.v_table WHERE a > 1;
CREATE VIEW app.v_defaults AS SELECT a, b FROM app.v_table;
ALTER VIEW app.v_defaults ALTER b SET DEFAULT 'x';
CREATE MATERIALIZED VIEW app.v_turned AS SELECT a FROM app.v_table;
CREATE MATERIALIZED VIEW app.m_text AS SELECT a FROM app.v_table WHERE a > 0;
CREATE INDEX m_text_a ON app.m_text (a);
COMMENT ON MATERIALIZED VIEW app.m_text IS 'kept';
CREATE VIEW app.m_text_over AS SELECT a FROM app.m_text;
CREATE MATERIALIZED VIEW app.m_options WITH (fillfactor = 60) AS SELECT a FROM app.v_table;
CREATE RULE r_text AS ON INSERT TO app.v_table DO ALSO NOTIFY y;
CREATE RULE r_off AS ON INSERT TO app.v_table DO ALSO NOTIFY x;
ALTER TABLE app.v_table DISABLE RULE r_off;

-- case: triggers and policies
-- from:
CREATE TABLE app.g (a int, b int);
CREATE TRIGGER g_text BEFORE INSERT ON app.g FOR EACH ROW EXECUTE FUNCTION app.trg();
CREATE TRIGGER g_when BEFORE INSERT ON app.g FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION app.trg();
CREATE CONSTRAINT TRIGGER g_constraint AFTER INSERT ON app.g FOR EACH ROW EXECUTE FUNCTION app.trg();
CREATE TRIGGER g_off BEFORE INSERT ON app.g FOR EACH ROW EXECUTE FUNCTION app.trg();
ALTER TABLE app.g DISABLE TRIGGER g_off;
CREATE EVENT TRIGGER e_text ON ddl_command_end EXECUTE FUNCTION app.etf();
CREATE EVENT TRIGGER e_off ON sql_drop EXECUTE FUNCTION app.etf();
CREATE POLICY p_text ON app.g USING (a > 0);
CREATE POLICY p_check ON app.g FOR INSERT WITH CHECK (a > 0);
CREATE POLICY p_roles ON app.g TO app_ro USING (true);
CREATE POLICY p_command ON app.g FOR SELECT USING (true);
CREATE POLICY p_less ON app.g USING (true) WITH CHECK (true);
-- to:
CREATE TABLE app.g (a int, b int);
CREATE TRIGGER g_text BEFORE INSERT OR UPDATE OF b ON app.g FOR EACH ROW EXECUTE FUNCTION app.trg2();
CREATE TRIGGER g_when BEFORE INSERT ON app.g FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION app.trg();
CREATE CONSTRAINT TRIGGER g_constraint AFTER INSERT ON app.g DEFERRABLE FOR EACH ROW EXECUTE FUNCTION app.trg();
CREATE TRIGGER g_off BEFORE INSERT ON app.g FOR EACH ROW EXECUTE FUNCTION app.trg();
ALTER TABLE app.g ENABLE REPLICA TRIGGER g_off;
CREATE EVENT TRIGGER e_text ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION app.etf();
CREATE EVENT TRIGGER e_off ON sql_drop EXECUTE FUNCTION app.etf();
ALTER EVENT TRIGGER e_off DISABLE;
CREATE POLICY p_text ON app.g USING (a > 1) WITH CHECK (b > 0);
CREATE POLICY p_check ON app.g FOR INSERT WITH CHECK (a > 1);
CREATE POLICY p_roles ON app.g TO app_ro, app_rw USING (true);
CREATE POLICY p_command ON app.g AS RESTRICTIVE FOR DELETE USING (true);
CREATE POLICY p_less ON app.g USING (true);

-- case: statistics and publications
-- from:
CREATE TABLE app.s (a int, b int, c int PRIMARY KEY);
CREATE STATISTICS app.s_columns ON a, b FROM app.s;
CREATE STATISTICS app.s_kinds (mcv) ON a, b FROM app.s;
CREATE STATISTICS app.s_target ON a, b FROM app.s;
ALTER STATISTICS app.s_target SET STATISTICS 5;
CREATE PUBLICATION pub_tables FOR TABLE app.s;
CREATE PUBLICATION pub_all FOR ALL TABLES;
CREATE PUBLICATION pub_settings WITH (publish = 'insert');
-- to:
CREATE TABLE app.s (a int, b int, c int PRIMARY KEY);
CREATE TABLE app.s2 (a int);
CREATE STATISTICS app.s_columns ON a, c FROM app.s;
CREATE STATISTICS app.s_kinds (dependencies) ON a, b FROM app.s;
CREATE STATISTICS app.s_target ON a, b FROM app.s;
CREATE PUBLICATION pub_tables FOR TABLE app.s2;
CREATE PUBLICATION pub_all FOR TABLE app.s;
CREATE PUBLICATION pub_settings WITH (publish = 'insert, update', publish_via_partition_root);

-- case: access
-- from:
CREATE TABLE app.a (a int, b int);
CREATE TABLE app.a2 (a int);
CREATE FUNCTION app.a_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE app.a_type AS ENUM ();
GRANT SELECT, INSERT ON app.a TO app_ro;
GRANT SELECT ON app.a TO app_rw WITH GRANT OPTION;
GRANT UPDATE (a) ON app.a TO app_ro;
REVOKE EXECUTE ON FUNCTION app.a_function() FROM PUBLIC;
REVOKE USAGE ON TYPE app.a_type FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT ON TABLES TO app_ro;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
COMMENT ON TABLE app.a IS 'one';
COMMENT ON TABLE app.a2 IS 'gone';
COMMENT ON COLUMN app.a.a IS 'x';
-- to:
CREATE TABLE app.a (a int, b int);
CREATE TABLE app.a2 (a int);
CREATE FUNCTION app.a_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE app.a_type AS ENUM ();
GRANT SELECT, UPDATE ON app.a TO app_ro;
GRANT SELECT ON app.a TO app_rw;
GRANT UPDATE (b), SELECT (a) ON app.a TO app_ro;
GRANT USAGE ON TYPE app.a_type TO app_ro;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_ro WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
COMMENT ON TABLE app.a IS 'two';
COMMENT ON COLUMN app.a.b IS 'y';

-- case: sorting
-- from:
CREATE TABLE app.sorted (a int CONSTRAINT sorted_a PRIMARY KEY, b int CONSTRAINT sorted_b UNIQUE);
ALTER TABLE app.sorted CLUSTER ON sorted_a;
CREATE TABLE app.unsorted (a int CONSTRAINT unsorted_a PRIMARY KEY);
CREATE TABLE app.sorted_parts (a int) PARTITION BY LIST (a);
CREATE INDEX sorted_parts_a ON app.sorted_parts (a);
CREATE INDEX sorted_parts_again ON app.sorted_parts (a DESC);
CREATE TABLE app.sorted_part PARTITION OF app.sorted_parts DEFAULT;
ALTER TABLE app.sorted_part CLUSTER ON sorted_part_a_idx;
-- to:
CREATE TABLE app.sorted (a int CONSTRAINT sorted_a PRIMARY KEY, b int CONSTRAINT sorted_b UNIQUE);
ALTER TABLE app.sorted CLUSTER ON sorted_b;
CREATE TABLE app.unsorted (a int CONSTRAINT unsorted_a PRIMARY KEY);
ALTER TABLE app.unsorted CLUSTER ON unsorted_a;
CREATE TABLE app.sorted_parts (a int) PARTITION BY LIST (a);
CREATE INDEX sorted_parts_a ON app.sorted_parts (a);
CREATE INDEX sorted_parts_again ON app.sorted_parts (a DESC);
CREATE TABLE app.sorted_part PARTITION OF app.sorted_parts DEFAULT;
ALTER TABLE app.sorted_part CLUSTER ON sorted_part_a_idx1;

-- case: what an owner may not
-- from:
CREATE TABLE app.kept (a int);
REVOKE INSERT, DELETE ON app.kept FROM CURRENT_USER;
CREATE FUNCTION app.kept() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- to:
CREATE TABLE app.kept (a int);
REVOKE INSERT, UPDATE ON app.kept FROM CURRENT_USER;
CREATE FUNCTION app.kept() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION app.kept() FROM CURRENT_USER;

-- case: operators, casts, text search, foreign data
-- from:
CREATE OPERATOR app.@@@ (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
CREATE TYPE app.cast_from AS (a int);
CREATE TYPE app.cast_to AS (a int);
CREATE CAST (app.cast_from AS text) WITH INOUT;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = pg_catalog.simple, accept = false);
CREATE TEXT SEARCH CONFIGURATION app.conf (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION app.conf ADD MAPPING FOR word, url WITH pg_catalog.simple;
CREATE FOREIGN DATA WRAPPER wrapped OPTIONS (a '1', b '2');
CREATE SERVER served FOREIGN DATA WRAPPER wrapped OPTIONS (a '1');
CREATE FOREIGN TABLE app.far (a int OPTIONS (x '1'), b text) SERVER served OPTIONS (t 'y');
-- to:
CREATE OPERATOR app.@@@ (FUNCTION = int4mi, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(app.@@@));
CREATE TYPE app.cast_from AS (a int);
CREATE TYPE app.cast_to AS (a int);
CREATE CAST (app.cast_from AS text) WITH INOUT AS ASSIGNMENT;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = pg_catalog.simple);
CREATE TEXT SEARCH CONFIGURATION app.conf (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION app.conf ADD MAPPING FOR word, email WITH pg_catalog.english_stem, pg_catalog.simple;
CREATE FOREIGN DATA WRAPPER wrapped OPTIONS (a '3', c '4');
CREATE SERVER served VERSION '2' FOREIGN DATA WRAPPER wrapped OPTIONS (b '1');
CREATE FOREIGN TABLE app.far (a bigint OPTIONS (y '1'), b text NOT NULL, c int) SERVER served OPTIONS (t 'z');

-- case: fourteen
-- since: 14
-- from:
CREATE TABLE app.n (a text, b text);
ALTER TABLE app.n ALTER a SET COMPRESSION pglz;
CREATE STATISTICS app.n_expressions ON (a || 'x') FROM app.n;
CREATE FUNCTION app.n_atomic() RETURNS bigint LANGUAGE sql RETURN 1;
CREATE FUNCTION app.n_string() RETURNS bigint LANGUAGE sql AS 'SELECT 1';
-- to:
CREATE TABLE app.n (a text, b text);
CREATE STATISTICS app.n_expressions ON (a || 'y') FROM app.n;
CREATE FUNCTION app.n_atomic() RETURNS bigint LANGUAGE sql RETURN 2;
CREATE FUNCTION app.n_string() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM app.n; END;

-- case: fifteen
-- since: 15
-- from:
CREATE SCHEMA published;
CREATE TABLE app.f (a int, b int NOT NULL, CONSTRAINT f_unique UNIQUE (a));
CREATE UNIQUE INDEX f_nulls ON app.f (a);
CREATE UNLOGGED SEQUENCE app.f_sq;
CREATE PUBLICATION pub_rows FOR TABLE app.f (a), app.s WHERE (a > 0) WITH (publish = 'insert');
CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA published;
CREATE VIEW app.f_view WITH (security_invoker) AS SELECT 1 AS a;
CREATE TABLE app.f_key (a int, b int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES app.k_target ON DELETE SET NULL);
-- to:
CREATE SCHEMA published;
CREATE TABLE app.f (a int, b int NOT NULL, CONSTRAINT f_unique UNIQUE NULLS NOT DISTINCT (a));
CREATE UNIQUE INDEX f_nulls ON app.f (a) NULLS NOT DISTINCT;
CREATE SEQUENCE app.f_sq;
CREATE PUBLICATION pub_rows FOR TABLE app.f (a, b), app.s WHERE (a > 1) WITH (publish = 'insert');
CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA app;
CREATE VIEW app.f_view AS SELECT 1 AS a;
CREATE TABLE app.f_key (a int, b int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES app.k_target ON DELETE SET NULL (a));

-- case: eighteen
-- since: 18
-- from:
CREATE TABLE app.e (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int, d int GENERATED ALWAYS AS (a) STORED, e int NOT NULL, f int NOT NULL NO INHERIT);
ALTER TABLE app.e ADD NOT NULL c NOT VALID;
ALTER TABLE app.e ADD CONSTRAINT e_enforced CHECK (a > 0) NOT ENFORCED;
ALTER TABLE app.e ADD CONSTRAINT e_key FOREIGN KEY (a) REFERENCES app.k_target NOT ENFORCED;
CREATE PUBLICATION pub_generated WITH (publish_generated_columns = stored);
-- to:
CREATE TABLE app.e (a int, b int GENERATED ALWAYS AS (a * 3) VIRTUAL, c int NOT NULL, d int GENERATED ALWAYS AS (a) VIRTUAL, e int NOT NULL NO INHERIT, f int NOT NULL);
ALTER TABLE app.e ADD CONSTRAINT e_enforced CHECK (a > 0);
ALTER TABLE app.e ADD CONSTRAINT e_key FOREIGN KEY (a) REFERENCES app.k_target;
CREATE PUBLICATION pub_generated;
