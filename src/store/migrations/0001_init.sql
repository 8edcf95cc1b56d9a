-- The first schema. Times are timestamptz; identifiers are made by the program (UUID version 7).
-- Text that identifies is collated "C": one order, on every machine, for keyset pages.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE accounts (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Kept by triggers on memberships, so that "N users" never counts a million rows.
    member_count bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_name ON accounts (lower(name));

CREATE TABLE users (
    id              uuid PRIMARY KEY,
    -- As typed, with the domain's A-label; email_key is the canonical form.
    email           text NOT NULL CHECK (length(email) <= 254),
    email_key       text COLLATE "C" NOT NULL UNIQUE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    password_hash   text NOT NULL,
    last_login      timestamptz,
    last_account_id uuid REFERENCES accounts ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    account_id           uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    user_id              uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role                 text NOT NULL CHECK (role IN ('owner', 'full', 'custom')),
    permissions          text[] NOT NULL DEFAULT '{}',
    joined_at            timestamptz NOT NULL DEFAULT now(),
    invited_by           text,
    -- An owner's offer of ownership that waits for this member's answer.
    ownership_offered_by uuid REFERENCES users ON DELETE SET NULL,
    version              bigint NOT NULL DEFAULT 1,
    -- Copies from users, kept by a trigger: every order of the member table is one index.
    email                text NOT NULL,
    email_key            text COLLATE "C" NOT NULL,
    name                 text NOT NULL,
    last_login           timestamptz,
    role_rank            smallint NOT NULL GENERATED ALWAYS AS
        (CASE role WHEN 'owner' THEN 0 WHEN 'full' THEN 1 ELSE 2 END) STORED,
    search               text NOT NULL GENERATED ALWAYS AS (email_key || ' ' || lower(name)) STORED,
    PRIMARY KEY (account_id, user_id)
);
CREATE UNIQUE INDEX memberships_email ON memberships (account_id, email_key);
CREATE INDEX memberships_role ON memberships (account_id, role_rank, email_key);
-- "Never" comes last in both directions, so each direction has its own coalesced key. Both columns
-- run the same way, so that a page's place is one row comparison.
CREATE INDEX memberships_login_oldest ON memberships
    (account_id, (coalesce(last_login, 'infinity'::timestamptz)), email_key);
CREATE INDEX memberships_login_newest ON memberships
    (account_id, (coalesce(last_login, '-infinity'::timestamptz)), email_key);
CREATE INDEX memberships_owners ON memberships (account_id) WHERE role = 'owner';
CREATE INDEX memberships_user ON memberships (user_id);
CREATE INDEX memberships_search ON memberships USING gin (search gin_trgm_ops);

CREATE TABLE invitations (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    email        text NOT NULL CHECK (length(email) <= 254),
    email_key    text COLLATE "C" NOT NULL,
    role         text NOT NULL CHECK (role IN ('full', 'custom')),
    permissions  text[] NOT NULL DEFAULT '{}',
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
    -- None when the operator invited.
    inviter_id   uuid REFERENCES users ON DELETE SET NULL,
    inviter_name text NOT NULL,
    -- Only the SHA-256 of the link's token; a resend raises the generation and replaces it.
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    generation   integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    decided_at   timestamptz,
    version      bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX invitations_one_pending ON invitations (account_id, email_key)
    WHERE status = 'pending';
CREATE INDEX invitations_recent ON invitations (account_id, created_at DESC, id);
CREATE INDEX invitations_inviter ON invitations (inviter_id, created_at);
CREATE INDEX invitations_email ON invitations (email_key);

-- One row per mail. The token is derived when the mail is written, so none is stored here.
CREATE TABLE outbox (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    invitation_id   uuid NOT NULL REFERENCES invitations ON DELETE CASCADE,
    generation      integer NOT NULL,
    state           text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sent', 'deferred', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- A worker's claim; a row whose lease has run out is free again.
    leased_until    timestamptz,
    lease           uuid,
    last_reply      text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    UNIQUE (invitation_id, generation)
);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state IN ('queued', 'deferred');
CREATE INDEX outbox_account ON outbox (account_id, created_at);

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    account_id   uuid REFERENCES accounts ON DELETE SET NULL,
    source       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX sessions_live ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE logins (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   uuid REFERENCES users ON DELETE SET NULL,
    email_key text COLLATE "C" NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    success   boolean NOT NULL,
    method    text NOT NULL CHECK (method IN ('console', 'page', 'command')),
    source    text NOT NULL
);
CREATE INDEX logins_user ON logins (user_id, at DESC);
CREATE INDEX logins_email ON logins (email_key, at);
CREATE INDEX logins_source ON logins (source, at);

-- The audit log: append-only, one hash chain per account.
CREATE TABLE events (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    sequence   bigint NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    at         timestamptz NOT NULL,
    actor_id   uuid,
    actor      text NOT NULL,
    source     text NOT NULL,
    action     text NOT NULL,
    subject_id uuid,
    subject    text NOT NULL,
    before     jsonb NOT NULL,
    after      jsonb NOT NULL,
    command_id uuid,
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, sequence)
);
CREATE INDEX events_subject ON events (account_id, subject_id, sequence DESC);

-- Command ids: the same id again returns the first result.
CREATE TABLE commands (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    request    bytea NOT NULL CHECK (length(request) = 32),
    result     jsonb NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);

-- "N users", counted once a statement.
CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE accounts a SET member_count = member_count + c.n
        FROM (SELECT account_id, count(*) AS n FROM changed GROUP BY account_id) c
        WHERE a.id = c.account_id;
    ELSE
        UPDATE accounts a SET member_count = member_count - c.n
        FROM (SELECT account_id, count(*) AS n FROM changed GROUP BY account_id) c
        WHERE a.id = c.account_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_counted_in AFTER INSERT ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_members();
CREATE TRIGGER memberships_counted_out AFTER DELETE ON memberships
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_members();

-- A membership starts with its user's address, name and last login, and follows them.
CREATE FUNCTION copy_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT u.email, u.email_key, u.name, u.last_login
    INTO NEW.email, NEW.email_key, NEW.name, NEW.last_login
    FROM users u WHERE u.id = NEW.user_id;
    RETURN NEW;
END $$;
CREATE TRIGGER memberships_copy BEFORE INSERT ON memberships
    FOR EACH ROW EXECUTE FUNCTION copy_user();

CREATE FUNCTION follow_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships
    SET email = NEW.email, email_key = NEW.email_key, name = NEW.name, last_login = NEW.last_login
    WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_followed AFTER UPDATE OF email, email_key, name, last_login ON users
    FOR EACH ROW EXECUTE FUNCTION follow_user();

-- An account always has an owner. The service locks the account and counts first; this stands
-- behind it, and takes the same lock, so that two owners can't go at once.
CREATE FUNCTION keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM accounts WHERE id = OLD.account_id FOR UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM memberships WHERE account_id = OLD.account_id AND role = 'owner'
    ) THEN
        RAISE EXCEPTION 'account % would have no owner', OLD.account_id
            USING ERRCODE = 'RB001';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER memberships_owner AFTER UPDATE OR DELETE ON memberships
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_an_owner();

-- The audit log can be added to, not rewritten.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'RB002';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
