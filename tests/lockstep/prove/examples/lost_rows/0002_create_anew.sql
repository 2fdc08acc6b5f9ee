DROP TABLE IF EXISTS drafts;
CREATE TABLE drafts (id bigint PRIMARY KEY, body text NOT NULL);
