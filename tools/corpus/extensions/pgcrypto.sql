-- Stands in for pgcrypto where the server has none: the names and shapes are right, the cryptography is not.
CREATE FUNCTION digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sha256(convert_to($2 || ':' || $1, 'UTF8')) $$;
CREATE FUNCTION digest(bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sha256(convert_to($2 || ':', 'UTF8') || $1) $$;
CREATE FUNCTION hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sha256(convert_to($3 || ':' || $2 || ':' || $1, 'UTF8')) $$;
CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sha256(convert_to($3 || ':', 'UTF8') || $2 || $1) $$;
CREATE FUNCTION gen_salt(text) RETURNS text LANGUAGE sql VOLATILE STRICT AS $$ SELECT '$' || $1 || '$' || md5(random()::text) $$;
CREATE FUNCTION gen_salt(text, int) RETURNS text LANGUAGE sql VOLATILE STRICT AS $$ SELECT '$' || $1 || '$' || md5(random()::text) $$;
CREATE FUNCTION crypt(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT left($2, 36) || md5($1 || left($2, 36)) $$;
CREATE FUNCTION gen_random_bytes(int) RETURNS bytea LANGUAGE sql VOLATILE STRICT
    AS $$ SELECT substring(string_agg(uuid_send(gen_random_uuid()), '') FROM 1 FOR $1) FROM generate_series(0, $1 / 16) $$;
CREATE FUNCTION encrypt(bytea, bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT $1 $$;
CREATE FUNCTION decrypt(bytea, bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT $1 $$;
CREATE FUNCTION pgp_sym_encrypt(text, text) RETURNS bytea LANGUAGE sql VOLATILE STRICT AS $$ SELECT convert_to($1, 'UTF8') $$;
CREATE FUNCTION pgp_sym_encrypt(text, text, text) RETURNS bytea LANGUAGE sql VOLATILE STRICT AS $$ SELECT convert_to($1, 'UTF8') $$;
CREATE FUNCTION pgp_sym_decrypt(bytea, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_from($1, 'UTF8') $$;
CREATE FUNCTION pgp_sym_decrypt(bytea, text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_from($1, 'UTF8') $$;
CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.gen_random_uuid()';
