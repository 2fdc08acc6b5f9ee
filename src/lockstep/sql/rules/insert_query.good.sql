CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
INSERT INTO users VALUES (1, 'ann@example.com') ON CONFLICT (id) DO NOTHING;
CREATE TABLE IF NOT EXISTS addresses (email text);
INSERT INTO addresses SELECT email FROM users u WHERE NOT EXISTS (SELECT 1 FROM addresses a WHERE a.email = u.email);
