-- The data of an installation, in the columns of the first schema.
INSERT INTO accounts (id, name)
    SELECT md5('a' || i)::uuid, 'Account ' || i FROM generate_series(1, :accounts) i;
INSERT INTO users (id, email, email_key, name, password_hash, last_login)
    SELECT md5('u' || i)::uuid, 'User' || i || '@x.example', 'user' || i || '@x.example', 'User ' || i, ':hash',
        CASE WHEN i % 3 > 0 THEN now() - i * interval '1 minute' END
    FROM generate_series(1, :members) i;
-- Half of all members are in the first account; the first user of each other one owns it.
INSERT INTO memberships (account_id, user_id, role, permissions, invited_by)
    SELECT md5('a' || CASE WHEN i % 2 = 1 THEN 1 ELSE i % (:accounts - 1) + 2 END)::uuid, md5('u' || i)::uuid,
        CASE WHEN i <= 2 * :accounts THEN 'owner' WHEN i % 5 = 0 THEN 'full' ELSE 'custom' END,
        CASE WHEN i % 5 > 0 AND i > 2 * :accounts THEN '{domains.view,products.view}'::text[] ELSE '{}' END, 'user1@x.example'
    FROM generate_series(1, :members) i;
INSERT INTO memberships (account_id, user_id, role) VALUES (md5('a2')::uuid, md5('u1')::uuid, 'full');
INSERT INTO invitations (id, account_id, email, email_key, role, permissions, status, inviter_id, inviter_name,
        token_digest, expires_at, decided_at)
    SELECT md5('i' || i)::uuid, md5('a' || i % :accounts + 1)::uuid, 'Invited' || i || '@x.example',
        'invited' || i || '@x.example', 'custom', '{domains.view}',
        (ARRAY['pending', 'accepted', 'declined', 'cancelled', 'expired'])[i % 5 + 1], md5('u1')::uuid,
        'user1@x.example', sha256(i::text::bytea), now() + (i % 14 - 7) * interval '1 day',
        CASE WHEN i % 5 > 0 THEN now() END
    FROM generate_series(1, :members / 2) i;
INSERT INTO outbox (id, account_id, invitation_id, generation, state, attempts, next_attempt_at, last_reply, created_at, sent_at)
    SELECT md5('o' || i)::uuid, md5('a' || i % :accounts + 1)::uuid, md5('i' || i)::uuid, 1,
        (ARRAY['sent', 'deferred', 'failed', 'queued'])[i % 4 + 1], i % 4, now() + interval '1 hour', '250 Ok', now() - interval '3 days', now()
    FROM generate_series(1, :members / 2) i;
INSERT INTO sessions (id, user_id, token_digest, account_id, source, expires_at, ended_at)
    SELECT md5('s' || i)::uuid, md5('u' || i)::uuid, sha256(('s' || i)::bytea), md5('a1')::uuid, 'ssh 192.0.2.1',
        now() + interval '12 hours', CASE WHEN i % 2 = 0 THEN now() END
    FROM generate_series(1, :members) i;
INSERT INTO logins (user_id, email_key, at, success, method, source)
    SELECT md5('u' || i)::uuid, 'user' || i || '@x.example', now() - i * interval '1 minute', i % 9 > 0, 'console', 'ssh 192.0.2.1'
    FROM generate_series(2, :members) i;
INSERT INTO commands (id, account_id, request, result)
    SELECT md5('c' || i)::uuid, md5('a1')::uuid, sha256(i::text::bytea), jsonb_build_object('n', i)
    FROM generate_series(1, :members / 4) i;
