CREATE SEQUENCE IF NOT EXISTS invoice_number;
SELECT setval('invoice_number', greatest(100, (SELECT last_value FROM invoice_number)));
