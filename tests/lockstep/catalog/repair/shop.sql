-- A schema with every kind of object that a repair knows, and rows; in the words of PostgreSQL 13. The roles are made by the test.
CREATE SCHEMA app;
CREATE SCHEMA "we""ird.sch
ema";
CREATE EXTENSION hstore SCHEMA public;
CREATE TYPE app.status AS ENUM ('new', 'it''s', 'done');
CREATE DOMAIN app.email AS varchar(200) DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
CREATE TYPE app.pair AS (a int, b text COLLATE "C");
CREATE TYPE app.floats AS RANGE (SUBTYPE = float8);
CREATE COLLATION app.plain FROM "C";
CREATE SEQUENCE app.down AS int INCREMENT -2 CYCLE;
CREATE FUNCTION app.add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE PROCEDURE app.tidy(INOUT x int) LANGUAGE plpgsql AS $$BEGIN x := 1; END$$;
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');

CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5) PRIMARY KEY,
    email varchar(20) NOT NULL UNIQUE,
    s app.status DEFAULT 'new',
    n numeric(10, 2) DEFAULT 1.5,
    label text GENERATED ALWAYS AS (email || 'x') STORED,
    made timestamptz NOT NULL DEFAULT now(),
    token uuid NOT NULL DEFAULT gen_random_uuid(),
    mark serial,
    CONSTRAINT n_or_email CHECK (email IN ('a', 'b') OR n > 0)
);
CREATE TABLE app.posts (
    id int,
    user_id bigint CONSTRAINT posts_user REFERENCES app.users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    title text,
    kind app.status NOT NULL DEFAULT 'done',
    mail app.email,
    PRIMARY KEY (id) INCLUDE (title),
    CONSTRAINT apart EXCLUDE USING gist (int4range(id, id, '[]') WITH &&)
) WITH (fillfactor = 70);
ALTER TABLE app.posts ADD CONSTRAINT unproven CHECK (title <> '') NOT VALID;
ALTER TABLE app.posts ALTER title SET STORAGE EXTERNAL;
ALTER TABLE app.posts REPLICA IDENTITY FULL;
CREATE INDEX users_low ON app.users (lower(email), made DESC NULLS LAST) WHERE n > 1;
CREATE UNIQUE INDEX posts_title ON app.posts (title text_pattern_ops) INCLUDE (id);
CREATE TABLE app.events (id bigint, at date NOT NULL, post int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.events_20 PARTITION OF app.events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE app.events_21 PARTITION OF app.events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (at);
CREATE TABLE app.events_rest PARTITION OF app.events_21 DEFAULT;
CREATE INDEX events_post ON app.events (post);
CREATE UNIQUE INDEX events_once ON app.events (post, at);
ALTER TABLE app.events ADD CONSTRAINT events_posts FOREIGN KEY (post) REFERENCES app.posts (id);
CREATE TABLE app.old (id int);
CREATE TABLE app.older () INHERITS (app.old);
CREATE TABLE "we""ird.sch
ema"."t\a.b" ("c ""é😀$x$" int, x int CHECK (x > 0));

CREATE VIEW app.names AS SELECT id, email FROM app.users WHERE email IN ('a', 'b');
CREATE VIEW app.titles WITH (security_barrier) AS SELECT u.id, p.title FROM app.users u JOIN app.posts p ON p.user_id = u.id;
CREATE VIEW app.counts AS SELECT u.id, u.email, count(*) AS c FROM app.users u JOIN app.posts p ON p.user_id = u.id GROUP BY u.id;
CREATE MATERIALIZED VIEW app.size AS SELECT count(*) AS n FROM app.users;
CREATE INDEX size_n ON app.size (n);
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF title ON app.posts FOR EACH ROW WHEN (NEW.title IS NOT NULL) EXECUTE FUNCTION app.touch();
CREATE RULE tell AS ON DELETE TO app.posts DO ALSO NOTIFY gone;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON app.users FOR SELECT TO rich_reader USING (email <> '');
GRANT SELECT ON app.users TO rich_reader;
GRANT INSERT (title) ON app.posts TO rich_writer WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION app.add(int, int) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO rich_reader;
COMMENT ON TABLE app.users IS 'it''s
 a $lockstep$ */ comment';
COMMENT ON COLUMN app.users.email IS 'unique';
CREATE STATISTICS app.together (dependencies) ON id, title FROM app.posts;
CREATE PUBLICATION news FOR TABLE app.users;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION app.watch();

INSERT INTO app.users (email, n) SELECT 'u' || g || '@x', g FROM generate_series(1, 20) g;
INSERT INTO app.posts (id, user_id, title, kind, mail) SELECT id, id, 't' || id, 'new', 'a@b' FROM app.users;
INSERT INTO app.events SELECT g, date '2020-12-20' + g, g + 5 FROM generate_series(1, 15) g;
