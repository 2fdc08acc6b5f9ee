CREATE TABLE IF NOT EXISTS jobs (id bigint CONSTRAINT jobs_pkey PRIMARY KEY, due timestamptz);
INSERT INTO jobs (id) VALUES (1) ON CONFLICT (id) DO NOTHING;
