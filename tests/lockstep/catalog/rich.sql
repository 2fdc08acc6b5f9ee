-- A schema with every kind of object that a snapshot knows, in the words of PostgreSQL 13. The roles are made by the test.
CREATE SCHEMA app;
CREATE SCHEMA "we""ird.sch
ema";
CREATE EXTENSION hstore SCHEMA public;
CREATE TYPE app.status AS ENUM ('new', 'it''s', 'done');
ALTER TYPE app.status ADD VALUE 'open' BEFORE 'done';
CREATE DOMAIN app.email AS varchar(200) DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
ALTER DOMAIN app.email ADD CONSTRAINT short CHECK (length(VALUE) < 100) NOT VALID;
CREATE DOMAIN app.code AS text COLLATE "C";
CREATE TYPE app.pair AS (a int, b text COLLATE "C", c app.status[]);
CREATE TYPE app.floats AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE app.spans AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE COLLATION app.plain FROM "C";
CREATE SEQUENCE app.down AS int INCREMENT -2 MAXVALUE 100 START 50 CACHE 5 CYCLE;
CREATE SEQUENCE app.lone;

CREATE FUNCTION app.add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'SELECT $1 + $2';
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp
AS $$BEGIN NEW.at := now(); RETURN NEW; END$$;
CREATE FUNCTION app.many(VARIADIC names text[], OUT n int, OUT t text) RETURNS SETOF record LANGUAGE sql STABLE ROWS 7
AS 'SELECT 1, ''a''';
CREATE FUNCTION app.rows_of(app.status) RETURNS TABLE (id bigint, "Name" text) LANGUAGE sql LEAKPROOF AS 'SELECT 1::bigint, ''x''';
CREATE PROCEDURE app.run(a int, INOUT x text DEFAULT 'it''s, IN y', VARIADIC r int[] DEFAULT '{}') LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE app.plain() LANGUAGE sql AS '';
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, COMBINEFUNC = int4pl, INITCOND = '0', PARALLEL = SAFE);
CREATE AGGREGATE app.top(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE FUNCTION app.seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE OPERATOR app.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = app.add, COMMUTATOR = OPERATOR(app.@@@));
CREATE OPERATOR app.!! (RIGHTARG = int, FUNCTION = int4um);
CREATE FUNCTION app.pair_of(int) RETURNS app.pair LANGUAGE sql IMMUTABLE AS 'SELECT ($1, ''b'', NULL)::app.pair';
CREATE CAST (int AS app.pair) WITH FUNCTION app.pair_of(int) AS ASSIGNMENT;
CREATE CAST (app.pair AS int) WITH INOUT;
CREATE TEXT SEARCH DICTIONARY app.simple_nl (TEMPLATE = simple, STOPWORDS = dutch, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR asciiword, word WITH app.simple_nl, english_stem;
CREATE OPERATOR CLASS app.odd FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE CONVERSION app.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE FOREIGN DATA WRAPPER far OPTIONS (kind 'none');
CREATE SERVER away TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER far OPTIONS (host 'h');
CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS (password 'never shown');
CREATE FOREIGN TABLE app.remote (id int OPTIONS (far 'i') NOT NULL, t text DEFAULT 'x') SERVER away OPTIONS (name 'r');

CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT 2) PRIMARY KEY,
    email varchar(20) NOT NULL UNIQUE DEFERRABLE,
    status app.status NOT NULL DEFAULT 'new',
    tags text[] DEFAULT '{}',
    n numeric(10, 2) DEFAULT 1.5,
    twice text GENERATED ALWAYS AS (email || 'x') STORED,
    at timestamptz NOT NULL DEFAULT '2020-01-01 12:00:00+02',
    day date DEFAULT '2020-02-03',
    span interval DEFAULT '1 day 2 hours',
    raw bytea DEFAULT '\x0001ff',
    "user" text COLLATE app.plain DEFAULT CURRENT_USER,
    num serial,
    small smallserial,
    mail app.email,
    h public.hstore,
    f real DEFAULT 0.1,
    m money DEFAULT 1.25,
    CONSTRAINT known CHECK (email IN ('a', 'b', 'it''s') OR n > 0),
    CONSTRAINT alone CHECK (n <> 3) NO INHERIT
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
CREATE TABLE app.posts (
    id int, user_id bigint, title text, at timestamptz, during tstzrange, parent_id int,
    CONSTRAINT posts_pk PRIMARY KEY (id) INCLUDE (title),
    CONSTRAINT posts_user FOREIGN KEY (user_id) REFERENCES app.users ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT posts_parent FOREIGN KEY (parent_id) REFERENCES app.posts MATCH FULL,
    CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (title IS NOT NULL)
);
ALTER TABLE app.posts ADD CONSTRAINT pair_unique UNIQUE (user_id, title) WITH (fillfactor = 80);
ALTER TABLE app.posts ADD CONSTRAINT later CHECK (title <> '') NOT VALID;
ALTER TABLE app.posts ALTER title SET STORAGE EXTERNAL, ALTER title SET STATISTICS 500, ALTER title SET (n_distinct = 5);
ALTER TABLE app.posts REPLICA IDENTITY FULL;
CREATE TABLE app.noted (CONSTRAINT noted_pk PRIMARY KEY (id)) INHERITS (app.users);
ALTER TABLE app.noted ALTER n SET DEFAULT 7, ADD note text;
CREATE TABLE app.second (extra int);
CREATE TABLE app.child (own int) INHERITS (app.posts, app.second);
CREATE UNLOGGED TABLE app.quick (id int NOT NULL);
CREATE UNIQUE INDEX quick_id ON app.quick (id);
ALTER TABLE app.quick REPLICA IDENTITY USING INDEX quick_id;
ALTER TABLE app.quick CLUSTER ON quick_id;
CREATE TABLE app.typed OF app.pair (a NOT NULL);
CREATE TABLE app.nothing ();
CREATE TABLE app.events (id int, at date NOT NULL, kind text DEFAULT 'x', CHECK (id > 0)) PARTITION BY RANGE (at, lower(kind));
CREATE TABLE app.events_20 PARTITION OF app.events (kind DEFAULT 'y') FOR VALUES FROM ('2020-01-01', MINVALUE) TO ('2021-01-01', MAXVALUE);
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT PARTITION BY LIST (id);
CREATE TABLE app.events_1 PARTITION OF app.events_rest FOR VALUES IN (1, 2);
CREATE TABLE app.other_events (id int NOT NULL, at date NOT NULL, kind text, CONSTRAINT events_id_check CHECK (id > 0));
ALTER TABLE app.events ATTACH PARTITION app.other_events FOR VALUES FROM ('2022-01-01', 'a') TO ('2022-02-01', 'b');
CREATE TABLE app.hashed (id int) PARTITION BY HASH (id);
CREATE TABLE app.hashed_0 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE INDEX events_at ON app.events (at DESC, id);
CREATE INDEX users_low ON app.users (lower(email), at DESC NULLS LAST, tags) WHERE n > 1 AND email IN ('a', 'b');
CREATE UNIQUE INDEX posts_title ON app.posts (title text_pattern_ops, title COLLATE "C" NULLS FIRST) INCLUDE (id);
CREATE INDEX posts_during ON app.posts USING gist (during) WITH (fillfactor = 60);
CREATE INDEX posts_odd ON app.posts (id app.odd);
CREATE INDEX users_h ON app.users USING gist (h public.gist_hstore_ops (siglen = 32));
ALTER INDEX app.users_low ALTER COLUMN 1 SET STATISTICS 300;

CREATE VIEW app.one AS SELECT id, email AS "E-mail", lower(email) AS low FROM app.users
    WHERE email IN ('a', 'b') AND id IN (SELECT user_id FROM app.posts WHERE posts.user_id = users.id) GROUP BY id, email ORDER BY email;
CREATE VIEW app.aliased AS SELECT "ü b".id, ("ü b".status)::text AS s, "ü b" AS whole FROM app.users "ü b" WHERE 'ü' <> "ü b".email;
CREATE VIEW app.two WITH (security_barrier) AS SELECT id, title FROM app.posts WHERE title <> '' WITH CASCADED CHECK OPTION;
ALTER VIEW app.two ALTER id SET DEFAULT 9;
CREATE VIEW app.joined AS SELECT u.id, p.title FROM app.users u JOIN app.posts p ON p.user_id = u.id;
CREATE VIEW app.united AS SELECT id FROM app.users UNION ALL SELECT id FROM app.posts;
CREATE VIEW app.with_cte AS WITH RECURSIVE c AS (SELECT id FROM app.users UNION SELECT c.id + 1 FROM c WHERE c.id < 9) SELECT c.id FROM c;
CREATE VIEW app.computed AS SELECT g, g + 1 AS next, row_number() OVER (ORDER BY g) AS r FROM generate_series(1, 3) g;
CREATE VIEW app.constant AS SELECT 1 AS one;
CREATE VIEW app.listed AS VALUES (1, 'a'), (2, 'b');
CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) AS n, status FROM app.users GROUP BY status WITH NO DATA;
CREATE UNIQUE INDEX counted_status ON app.counted (status);

CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF title ON app.posts FOR EACH ROW WHEN (NEW.title IS NOT NULL) EXECUTE FUNCTION app.touch('a', 'it''s');
CREATE TRIGGER batch AFTER UPDATE ON app.posts REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON app.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER into_one INSTEAD OF INSERT ON app.one FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER each_event AFTER INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.users DISABLE TRIGGER checked;
ALTER TABLE app.posts ENABLE ALWAYS TRIGGER batch;
CREATE EVENT TRIGGER rich_seen ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION app.seen();
CREATE RULE told AS ON DELETE TO app.posts DO ALSO NOTIFY posts;
CREATE RULE instead AS ON UPDATE TO app.posts WHERE OLD.id = 1 DO INSTEAD NOTHING;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.posts FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON app.users FOR SELECT TO rich_reader, rich_writer USING (email <> '' AND EXISTS (SELECT FROM app.posts WHERE user_id = users.id));
CREATE POLICY strict ON app.users AS RESTRICTIVE USING (true) WITH CHECK (n > 0);
CREATE STATISTICS app.together (dependencies, ndistinct) ON id, email FROM app.users;
ALTER STATISTICS app.together SET STATISTICS 200;
CREATE PUBLICATION rich_some FOR TABLE app.users, app.posts WITH (publish = 'insert, update');
CREATE PUBLICATION rich_rooted FOR TABLE app.events WITH (publish_via_partition_root);

GRANT USAGE ON SCHEMA app TO rich_reader;
GRANT SELECT ON app.users TO rich_reader;
GRANT ALL ON app.posts TO rich_writer;
GRANT INSERT (title), UPDATE (title) ON app.posts TO rich_reader WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE app.down TO rich_writer;
GRANT EXECUTE ON PROCEDURE app.plain() TO rich_writer;
GRANT USAGE ON FOREIGN SERVER away TO rich_reader;
REVOKE EXECUTE ON FUNCTION app.add(int, int) FROM PUBLIC;
REVOKE USAGE ON TYPE app.status FROM PUBLIC;
GRANT SELECT ON app.one TO PUBLIC;
GRANT SELECT ON app.joined TO rich_reader;
REVOKE SELECT ON app.joined FROM rich_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE rich_writer IN SCHEMA app GRANT SELECT ON TABLES TO rich_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE rich_writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE rich_writer GRANT USAGE ON SEQUENCES TO rich_reader WITH GRANT OPTION;

COMMENT ON SCHEMA app IS 'all of it';
COMMENT ON TABLE app.users IS E'it''s\na line';
COMMENT ON COLUMN app.users.email IS 'tab	and "quotes" \ 😀';
COMMENT ON VIEW app.one IS 'v';
COMMENT ON COLUMN app.one.id IS 'vc';
COMMENT ON MATERIALIZED VIEW app.counted IS 'm';
COMMENT ON INDEX app.users_low IS 'i';
COMMENT ON SEQUENCE app.down IS 's';
COMMENT ON CONSTRAINT known ON app.users IS 'k';
COMMENT ON CONSTRAINT has_at ON DOMAIN app.email IS 'dk';
COMMENT ON FUNCTION app.add(int, int) IS 'f';
COMMENT ON PROCEDURE app.run(int, text, int[]) IS 'p';
COMMENT ON AGGREGATE app.total(int) IS 'a';
COMMENT ON TYPE app.status IS 't';
COMMENT ON TYPE app.pair IS 'c';
COMMENT ON DOMAIN app.code IS 'd';
COMMENT ON TRIGGER touch ON app.posts IS 'tr';
COMMENT ON RULE told ON app.posts IS 'ru';
COMMENT ON POLICY readers ON app.users IS 'po';
COMMENT ON STATISTICS app.together IS 'st';
COMMENT ON OPERATOR app.@@@ (int, int) IS 'o';
COMMENT ON CAST (int AS app.pair) IS 'ca';
COMMENT ON TEXT SEARCH CONFIGURATION app.search IS 'ts';
COMMENT ON SERVER away IS 'sv';
COMMENT ON EVENT TRIGGER rich_seen IS 'et';
COMMENT ON PUBLICATION rich_some IS 'pu';
COMMENT ON EXTENSION hstore IS 'not the schema''s';

CREATE TABLE "we""ird.sch
ema"."a\b.c" ("é😀" int, "x{y" int CHECK ("x{y" > 0), "Upper" text DEFAULT E'line\nbreak \\ "q"');
CREATE TABLE app.this_name_has_as_many_bytes_as_a_name_may_have_sixty_three_of_th (id int PRIMARY KEY);
CREATE SCHEMA lockstep;
CREATE TABLE lockstep.of_its_own (id int PRIMARY KEY);
COMMENT ON TABLE lockstep.of_its_own IS 'not here';
GRANT SELECT ON lockstep.of_its_own TO rich_reader;
