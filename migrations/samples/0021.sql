-- What is kept of a posting, and a body's key of one company.
UPDATE postings SET print = '[1,{"w":["acme"],"j":"acme"},{"j":"dev","w":["dev"],"p":{}},{},null]' WHERE id = 1;
INSERT INTO opening_keys (key, opening_id, block) VALUES (11, 1, -3);
