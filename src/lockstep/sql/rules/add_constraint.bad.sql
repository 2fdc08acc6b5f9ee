CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
ALTER TABLE users ADD CONSTRAINT users_email_given CHECK (email <> '');
