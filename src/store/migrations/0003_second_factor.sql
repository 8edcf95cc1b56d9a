-- The second factor. No secret of it is stored: it is derived from the installation's key, the user
-- and the generation, so that a stolen dump makes no codes.

CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- Raised by each enrolment; an older secret never comes back.
    generation   integer NOT NULL DEFAULT 1,
    -- None while the first code is waited for, and after the factor was taken off.
    confirmed_at timestamptz,
    -- The 30-second step of the newest accepted code: none works twice (RFC 6238, 5.2).
    last_step    bigint NOT NULL DEFAULT 0
);

-- One-time codes for a lost device; only their SHA-256.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    digest  bytea NOT NULL CHECK (length(digest) = 32),
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);

ALTER TABLE accounts ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false;
-- When who sits there last proved who they are, and whether with both factors.
ALTER TABLE sessions ADD COLUMN proved_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE sessions ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
-- A right password that still lacks its code is no guess.
ALTER TABLE logins ADD COLUMN counted boolean NOT NULL DEFAULT true;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['second_factors', 'recovery_codes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY own ON %I USING (user_id = (SELECT scope_user()))', t);
    END LOOP;
END $$;
