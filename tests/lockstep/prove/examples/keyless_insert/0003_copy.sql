CREATE TABLE IF NOT EXISTS old_tags (name text NOT NULL);
INSERT INTO old_tags SELECT name FROM tags WHERE name <> 'new';
