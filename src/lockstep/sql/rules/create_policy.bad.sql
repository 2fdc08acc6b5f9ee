CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);
CREATE POLICY own_rows ON users USING (email = current_user);
