-- Which of the installation's keys a second factor is derived from, so that it can be seen when a
-- retired key is no longer needed. Not known before the first code after this.
ALTER TABLE second_factors ADD COLUMN key_id bytea CHECK (length(key_id) = 8);
-- The operator counts them.
CREATE POLICY counted ON second_factors FOR SELECT USING ((SELECT scope_is_installation()));
