-- The second wall between accounts: forced row-level security on every table that carries one. The
-- program says what each transaction may see, for that transaction alone:
--   rollbook.account_id  the account it works on
--   rollbook.user_id     the user it works for
--   rollbook.secret      hex SHA-256 of the session's or link's secret that was presented
--   rollbook.reach       'installation' for the operator's lists and the delivery worker
-- With none of them set, no row of any account is seen.

CREATE FUNCTION scope_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('rollbook.account_id', true), '')::uuid $$;
CREATE FUNCTION scope_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('rollbook.user_id', true), '')::uuid $$;
CREATE FUNCTION scope_secret() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT decode(nullif(current_setting('rollbook.secret', true), ''), 'hex') $$;
CREATE FUNCTION scope_is_installation() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('rollbook.reach', true) = 'installation', false) $$;

-- The account used last belongs to the membership: users carry no account.
ALTER TABLE memberships ADD COLUMN last_used_at timestamptz;
UPDATE memberships m SET last_used_at = now() FROM users u
    WHERE u.id = m.user_id AND u.last_account_id = m.account_id;
ALTER TABLE users DROP COLUMN last_account_id;
-- The account's row is written, not only locked: a transaction on an older snapshot then fails instead
-- of counting owners who are gone.
CREATE OR REPLACE FUNCTION keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET member_count = member_count WHERE id = OLD.account_id;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM memberships WHERE account_id = OLD.account_id AND role = 'owner'
    ) THEN
        RAISE EXCEPTION 'account % would have no owner', OLD.account_id
            USING ERRCODE = 'RB001';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER memberships_owner ON memberships;
CREATE CONSTRAINT TRIGGER memberships_owner AFTER UPDATE OF role, account_id OR DELETE ON memberships
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_an_owner();

-- Mails to an address in the last day, from any account: a count is all that leaves the others.
CREATE FUNCTION mails_to(address text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM invitations i JOIN outbox o ON o.invitation_id = i.id
    WHERE i.email_key = address COLLATE "C" AND o.created_at > now() - interval '1 day' $$;
REVOKE EXECUTE ON FUNCTION mails_to(text) FROM PUBLIC;

-- These keep what every account relies on, whatever the transaction sees. pg_temp comes last, so
-- that no temporary table stands in for a real one (PostgreSQL manual, CREATE FUNCTION, "Writing
-- SECURITY DEFINER Functions Safely").
DO $$
DECLARE
    f text;
    t text;
BEGIN
    FOREACH f IN ARRAY ARRAY['count_members()', 'copy_user()', 'follow_user()', 'keep_an_owner()',
        'mails_to(text)']
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp',
            f, current_schema());
    END LOOP;
    -- Forced, so that not even the owner of the tables sees past its policies.
    FOREACH t IN ARRAY ARRAY['accounts', 'memberships', 'invitations', 'outbox', 'sessions', 'events',
        'commands']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        -- Migrations, the functions above, and whoever holds the owner's credentials.
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- Each scope is asked once a statement, as a subquery, not once a row.
CREATE POLICY seen ON accounts FOR SELECT USING (
    id = (SELECT scope_account()) OR (SELECT scope_is_installation())
    OR id IN (SELECT m.account_id FROM memberships m WHERE m.user_id = (SELECT scope_user())));
CREATE POLICY made ON accounts FOR INSERT WITH CHECK (id = (SELECT scope_account()));
CREATE POLICY changed ON accounts FOR UPDATE USING (id = (SELECT scope_account()));

CREATE POLICY seen ON memberships FOR SELECT USING (
    account_id = (SELECT scope_account()) OR user_id = (SELECT scope_user())
    OR (SELECT scope_is_installation()));
CREATE POLICY made ON memberships FOR INSERT WITH CHECK (account_id = (SELECT scope_account()));
CREATE POLICY changed ON memberships FOR UPDATE USING (account_id = (SELECT scope_account()));
CREATE POLICY ended ON memberships FOR DELETE USING (account_id = (SELECT scope_account()));

-- A link's secret shows its invitation, and nothing else; changing it takes the account's scope.
CREATE POLICY seen ON invitations FOR SELECT USING (
    account_id = (SELECT scope_account()) OR token_digest = (SELECT scope_secret())
    OR (SELECT scope_is_installation()));
CREATE POLICY made ON invitations FOR INSERT WITH CHECK (account_id = (SELECT scope_account()));
CREATE POLICY changed ON invitations FOR UPDATE USING (account_id = (SELECT scope_account()));

CREATE POLICY seen ON outbox FOR SELECT USING (
    account_id = (SELECT scope_account()) OR (SELECT scope_is_installation()));
CREATE POLICY made ON outbox FOR INSERT WITH CHECK (account_id = (SELECT scope_account()));
CREATE POLICY changed ON outbox FOR UPDATE USING (
    account_id = (SELECT scope_account()) OR (SELECT scope_is_installation()));

CREATE POLICY seen ON sessions FOR SELECT USING (
    user_id = (SELECT scope_user()) OR account_id = (SELECT scope_account())
    OR token_digest = (SELECT scope_secret()));
CREATE POLICY made ON sessions FOR INSERT WITH CHECK (user_id = (SELECT scope_user()));
-- A session goes only to an account that its user is a member of.
CREATE POLICY changed ON sessions FOR UPDATE USING (
    user_id = (SELECT scope_user()) OR account_id = (SELECT scope_account())
    OR token_digest = (SELECT scope_secret()))
WITH CHECK (account_id IS NULL OR account_id = (SELECT scope_account())
    OR token_digest = (SELECT scope_secret())
    OR account_id IN (SELECT m.account_id FROM memberships m WHERE m.user_id = (SELECT scope_user())));

CREATE POLICY seen ON events FOR SELECT USING (account_id = (SELECT scope_account()));
CREATE POLICY made ON events FOR INSERT WITH CHECK (account_id = (SELECT scope_account()));

CREATE POLICY seen ON commands FOR SELECT USING (account_id = (SELECT scope_account()));
CREATE POLICY made ON commands FOR INSERT WITH CHECK (account_id = (SELECT scope_account()));

-- The member table reads this view. Behind a policy only leakproof operators may use an index, and
-- LIKE is none (PostgreSQL manual, 41.5): a search would read every row. The view's own condition is
-- the same wall, and its owner's policy lets the planner through to the indexes.
CREATE VIEW account_members AS
    SELECT * FROM memberships WHERE account_id = (SELECT scope_account());
