INSERT INTO colours (name) SELECT 'red' WHERE NOT EXISTS (SELECT 1 FROM colours WHERE name = 'red');
