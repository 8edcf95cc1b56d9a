-- What keeps a page cheap in a large account. A login rewrites a membership's index entries: a trigram index
-- that puts them off makes every search read the list of those put off (up to gin_pending_list_limit, 4 MB).
ALTER INDEX memberships_search SET (fastupdate = off);
-- The defaults wait for a fifth of the table: two million dead rows among ten million.
ALTER TABLE memberships SET
    (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- Of a prepared page the server plans once, for any account. By the average of many small accounts it would
-- fetch the whole account and sort it; told that there are few and large ones it walks the order's index, which
-- is right for both.
ALTER TABLE memberships ALTER COLUMN account_id SET (n_distinct = 20);
ANALYZE memberships (account_id);
