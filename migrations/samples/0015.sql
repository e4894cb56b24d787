-- A host that did not answer twice.
UPDATE hosts SET failures = 2;
