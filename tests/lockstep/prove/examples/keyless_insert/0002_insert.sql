SELECT 1;
INSERT INTO tags (name) VALUES ('new');
