INSERT INTO boards (slug, name, kind, url, host, visibility, enabled, interval_seconds, created_at,
                    next_poll_at)
VALUES ('b', 'Board', 'feed', 'https://b.example/feed', 'b.example', 'catalogue', true, 600,
        '2026-01-01', '2026-01-02'),
       ('own', 'Own feed', 'feed', 'https://own.example/feed', 'own.example', 'subscribed', true,
        900, '2026-01-01', '2026-01-02');
INSERT INTO board_subscriptions VALUES (1, 2, '2026-01-01');
INSERT INTO hosts VALUES ('b.example', '2026-01-01');
