CREATE ROLE bookkeeping_reader;
