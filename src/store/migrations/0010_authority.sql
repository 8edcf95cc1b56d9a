-- What the transaction's user may do in its account, through each of their sessions; no role where they are no
-- member. It is read with every page: the view's own conditions are the same wall as the policies of its three
-- tables, and cost less.
CREATE VIEW account_authority AS
    SELECT s.id AS session_id, s.second_factor, s.proved_at, s.last_seen_at, s.expires_at, s.ended_at,
        m.role AS held_role, m.permissions AS held_permissions, a.second_factor_required
    FROM sessions s
    LEFT JOIN memberships m ON m.account_id = (SELECT scope_account()) AND m.user_id = (SELECT scope_user())
    LEFT JOIN accounts a ON a.id = (SELECT scope_account())
    WHERE s.user_id = (SELECT scope_user());
