INSERT INTO drafts (account_id, target_id, query, created_at) VALUES (1, 1, 'go', '2026-01-04');
INSERT INTO marks VALUES (1, 1, 'saved', '2026-01-04');
UPDATE filters SET removed_at = '2026-01-04' WHERE state = 'removed';
INSERT INTO deliveries (target_id, state, due_at, created_at, sample_posting_id, sample_filter_id)
VALUES (1, 'pending', '2026-01-04', '2026-01-04', 1, 1);
