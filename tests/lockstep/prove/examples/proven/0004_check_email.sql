DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'accounts_email' AND conrelid = 'accounts'::regclass) THEN
        ALTER TABLE accounts ADD CONSTRAINT accounts_email CHECK (email <> '');
    END IF;
END
$$;

INSERT INTO accounts (id, email, visits) OVERRIDING SYSTEM VALUE VALUES (1, 'first@example.org', 1) ON CONFLICT (id) DO NOTHING;
UPDATE accounts SET mood = 'busy' WHERE mood <> 'busy';
