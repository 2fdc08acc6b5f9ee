-- When the engine runs it, it waits until all eight are there: who comes later would not be seen.
DO $$
BEGIN
    IF to_regclass('lockstep.ledger') IS NOT NULL THEN
        FOR turn IN 1..600 LOOP
            PERFORM pg_stat_clear_snapshot();
            EXIT WHEN (SELECT count(*) >= 8 FROM pg_stat_activity WHERE datname = current_database());
            PERFORM pg_sleep(0.05);
        END LOOP;
    END IF;
END
$$;

SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
