DELETE FROM sessions WHERE expires_at < '2020-01-01';
