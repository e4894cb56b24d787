INSERT INTO deliveries (target_id, state, due_at, created_at, settled_at, message_ref)
VALUES (1, 'sent', '2026-01-02', '2026-01-02', '2026-01-02', 'm1'),
       (1, 'pending', '2026-01-03', '2026-01-03', NULL, NULL);
INSERT INTO owed (target_id, opening_id, posting_id, state, delivery_id, first_seen_at, matched_at)
VALUES (1, 1, 1, 'told', 1, '2026-01-02', '2026-01-02'),
       (1, 2, 2, 'owed', 2, '2026-01-03', '2026-01-03');
INSERT INTO owed_filters VALUES (1, 1, 1), (1, 2, 1);
