CREATE TABLE IF NOT EXISTS colours (name text);
COPY colours FROM PROGRAM 'echo red';
