CREATE OR REPLACE AGGREGATE total(bigint) (SFUNC = int8pl, STYPE = bigint);
