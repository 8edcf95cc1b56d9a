-- A mail that is queued is told to every worker, so that an idle one need not ask: on one channel of the
-- database, a word and no data. Of deferred mails nothing is told: when they are due can be read.
CREATE FUNCTION tell_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rollbook_mail', 'mail');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_told_in AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION tell_mail();
