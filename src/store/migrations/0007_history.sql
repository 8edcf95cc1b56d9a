-- The newest change that somebody made, for taking it back.
CREATE INDEX events_actor ON events (account_id, actor_id, sequence DESC);
