DO $$
BEGIN
    IF to_regclass('clients') IS NOT NULL AND to_regclass('customers') IS NULL THEN
        ALTER TABLE clients RENAME TO customers;
    END IF;
END
$$;
