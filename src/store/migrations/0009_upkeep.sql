-- What keeps a page cheap in a large account. A login rewrites a membership's index entries: a trigram index
-- that puts them off makes every search read the list of those put off (up to gin_pending_list_limit, 4 MB).
ALTER INDEX memberships_search SET (fastupdate = off);
-- The defaults wait for a fifth of the table: two million dead rows among ten million.
ALTER TABLE memberships SET
    (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
