-- Slack tells things late and again. What it tells of a removal may be about the installation before the one
-- that is there, but not where there was none before; of those that are there nobody knows. And what was heard
-- may have ended the process before it was answered: then it counts when it is told again.
ALTER TABLE slack_workspaces ADD COLUMN replaced_at timestamptz;
UPDATE slack_workspaces SET replaced_at = installed_at;
ALTER TABLE slack_heard ADD COLUMN done_at timestamptz;
UPDATE slack_heard SET done_at = heard_at;
