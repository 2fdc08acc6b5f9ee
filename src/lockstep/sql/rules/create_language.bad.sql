CREATE TRUSTED LANGUAGE house HANDLER plpgsql_call_handler;
