-- Mails are claimed by turns, so that no account's import holds up another account, and none of an import
-- before all that were sent one at a time: whoever sent those is waiting at the screen.
ALTER TABLE outbox ADD COLUMN bulk boolean NOT NULL DEFAULT false;

-- Walked from account to account, and inside an account from the mail that is due longest.
CREATE INDEX outbox_turn ON outbox (bulk, account_id, next_attempt_at)
    WHERE state IN ('queued', 'deferred');
