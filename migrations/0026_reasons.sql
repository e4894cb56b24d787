-- Why somebody dismissed a posting, so that after enough equal reasons a change of the filter can be
-- proposed; once.
ALTER TABLE marks
    ADD COLUMN reason text CHECK (reason IN
        ('pay', 'place', 'level', 'company', 'duplicate', 'expired', 'other')),
    -- When a change was proposed because of it.
    ADD COLUMN proposed_at timestamptz;
