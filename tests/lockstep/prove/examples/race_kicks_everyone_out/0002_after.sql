CREATE TABLE IF NOT EXISTS nothing_wrong_here (id bigint);
