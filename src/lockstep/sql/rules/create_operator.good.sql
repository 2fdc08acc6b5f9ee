DO $$ BEGIN
  IF to_regoperator('===(bigint, bigint)') IS NULL THEN
    CREATE OPERATOR === (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8eq);
  END IF;
END $$;
