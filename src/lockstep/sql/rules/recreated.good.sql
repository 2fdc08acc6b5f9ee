CREATE TABLE IF NOT EXISTS cache (key text PRIMARY KEY, value text);
