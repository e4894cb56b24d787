INSERT INTO boards (slug, name, kind, url, host, visibility, enabled, interval_seconds, created_at,
                    next_poll_at, rules)
VALUES ('page', 'A page', 'html', 'https://page.example/jobs', 'page.example', 'catalogue', true,
        3600, '2026-01-01', '2026-01-02', '{"item": "li", "title": "h3"}');
