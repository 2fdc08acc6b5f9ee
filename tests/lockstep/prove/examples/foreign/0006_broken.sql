CREATE TABLE IF NOT EXISTS fine (id bigint);
CREATE TABEL broken (id bigint);
