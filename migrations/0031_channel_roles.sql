-- A server's filters may be those of a role, too.
ALTER TABLE accounts
    DROP CONSTRAINT accounts_channel_filters_check,
    ADD CONSTRAINT accounts_channel_filters_check
        CHECK (channel_filters IN ('anyone', 'admins') OR channel_filters ~ '^role [0-9]{1,20}$');
