CREATE TABLE IF NOT EXISTS identities (id text, provider text NOT NULL, CONSTRAINT identities_pkey PRIMARY KEY (id));
