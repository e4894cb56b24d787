-- An index only: nothing new can be stored.
SELECT 1;
