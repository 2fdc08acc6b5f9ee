\set ON_ERROR_STOP on
CREATE TABLE IF NOT EXISTS copied (id bigint PRIMARY KEY, name text);
\echo copying
COPY copied (id, name) FROM stdin;
1	one
2	two
\.
