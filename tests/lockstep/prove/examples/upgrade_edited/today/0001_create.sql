CREATE TABLE IF NOT EXISTS notes (id bigint CONSTRAINT notes_pkey PRIMARY KEY, note text);
