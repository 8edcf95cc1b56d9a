-- What changes is told with the commit, so that open consoles need not ask: on a channel of the account,
-- and on one of the user for the end of their sessions. A payload is a word for what to look at again; it
-- carries no data, and anybody who hears it still sees no more than their own scope shows.
--   members          some memberships        member UUID  that user's membership
--   invitations      invitations or mails    account      the account itself
--   session          one of the user's sessions has ended

CREATE FUNCTION tell(account uuid, what text) RETURNS void LANGUAGE sql AS
$$ SELECT pg_notify('rollbook_' || replace(account::text, '-', ''), what) $$;

-- One word a statement and account; the user's too where it was only one.
CREATE FUNCTION tell_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell(c.account_id, CASE WHEN count(*) = 1
        THEN 'member ' || min(c.user_id::text) ELSE 'members' END)
    FROM changed c GROUP BY c.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_told_in AFTER INSERT ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_members();
CREATE TRIGGER memberships_told_out AFTER DELETE ON memberships
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_members();

-- Entering an account writes to one's membership too; only what a member table shows is told.
CREATE FUNCTION tell_changed_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell(c.account_id, CASE WHEN count(*) = 1
        THEN 'member ' || min(c.user_id::text) ELSE 'members' END)
    FROM changed c JOIN former f USING (account_id, user_id)
    WHERE (c.version, c.role, c.permissions, c.email, c.name, c.last_login, c.ownership_offered_by)
        IS DISTINCT FROM
          (f.version, f.role, f.permissions, f.email, f.name, f.last_login, f.ownership_offered_by)
    GROUP BY c.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_told AFTER UPDATE ON memberships
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_members();

CREATE FUNCTION tell_invitations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell(c.account_id, 'invitations') FROM (SELECT DISTINCT account_id FROM changed) c;
    RETURN NULL;
END $$;
CREATE TRIGGER invitations_told_in AFTER INSERT ON invitations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_invitations();
CREATE TRIGGER invitations_told AFTER UPDATE ON invitations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_invitations();
CREATE TRIGGER invitations_told_out AFTER DELETE ON invitations
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_invitations();
CREATE TRIGGER outbox_told AFTER UPDATE ON outbox
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_invitations();

CREATE FUNCTION tell_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell(NEW.id, 'account');
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_told AFTER UPDATE OF name, second_factor_required ON accounts
    FOR EACH ROW EXECUTE FUNCTION tell_account();

CREATE FUNCTION tell_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell(NEW.user_id, 'session');
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_told AFTER UPDATE OF ended_at ON sessions FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION tell_session();
