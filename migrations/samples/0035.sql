-- Half of the postings are read anew.
INSERT INTO rekeyed (reader, upto, last) VALUES (2, 1, 2);
