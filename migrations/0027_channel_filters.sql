-- Who may make and change the filters of a workspace's channels. NULL: as the platform has it.
ALTER TABLE accounts
    ADD COLUMN channel_filters text CHECK (channel_filters IN ('anyone', 'admins'));
