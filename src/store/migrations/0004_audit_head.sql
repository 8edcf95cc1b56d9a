-- The end of each account's hash chain, under a key that the database does not have: a log cut short,
-- or chained anew after a change, no longer fits.
ALTER TABLE accounts ADD COLUMN audit_sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN audit_head bytea CHECK (length(audit_head) = 32);
