CREATE FOREIGN TABLE IF NOT EXISTS old_users (id bigint) SERVER archive;
