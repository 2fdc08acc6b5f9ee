CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
DROP POLICY IF EXISTS own_rows ON users;
CREATE POLICY own_rows ON users USING (email = current_user);
