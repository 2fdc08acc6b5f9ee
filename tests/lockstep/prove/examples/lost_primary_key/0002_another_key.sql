ALTER TABLE identities DROP CONSTRAINT IF EXISTS identities_pkey;
ALTER TABLE identities DROP COLUMN IF EXISTS number;
ALTER TABLE identities ADD COLUMN number uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE identities ADD CONSTRAINT identities_pkey PRIMARY KEY (number);
