CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.items (id bigint CONSTRAINT items_pkey PRIMARY KEY, name text NOT NULL);
ALTER TABLE shop.items ADD COLUMN IF NOT EXISTS price numeric(8, 2) NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS items_name_idx ON shop.items (name);
CREATE SEQUENCE IF NOT EXISTS shop.numbers;
CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE OR REPLACE VIEW shop.names AS SELECT name FROM shop.items;
DROP TRIGGER IF EXISTS items_touch ON shop.items;
CREATE TRIGGER items_touch BEFORE UPDATE ON shop.items FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE MATERIALIZED VIEW IF NOT EXISTS shop.counts AS SELECT count(*) FROM shop.items;
ALTER TABLE shop.items DROP CONSTRAINT IF EXISTS items_price;
ALTER TABLE shop.items ADD CONSTRAINT items_price CHECK (price >= 0);
INSERT INTO shop.items (id, name) VALUES (1, 'first') ON CONFLICT (id) DO NOTHING;
INSERT INTO shop.items (id, name) SELECT 2, 'second' WHERE NOT EXISTS (SELECT FROM shop.items WHERE id = 2);
DO $$
BEGIN
    IF to_regtype('shop.size') IS NULL THEN
        CREATE TYPE shop.size AS ENUM ('small', 'large');
    END IF;
END
$$;
ALTER TYPE shop.size ADD VALUE IF NOT EXISTS 'huge';
DROP POLICY IF EXISTS items_seen ON shop.items;
CREATE POLICY items_seen ON shop.items USING (true);
