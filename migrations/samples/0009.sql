-- A paused filter that was removed a moment ago.
UPDATE filters SET state = 'removed', removed_from = 'paused', removed_at = created_at
WHERE id = (SELECT max(id) FROM filters);
