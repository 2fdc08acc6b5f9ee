CREATE TABLE IF NOT EXISTS orders (
    id uuid CONSTRAINT orders_pkey PRIMARY KEY,
    account_id bigint NOT NULL CONSTRAINT orders_account REFERENCES accounts,
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS orders_account_id_idx ON orders (account_id);
