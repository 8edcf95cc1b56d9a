//! What people do on the pages: join, log in, decline, and meet a dead link.

use super::Site;
use crate::support::{PASSWORD, custom, email, join, operator, sign_in};
use axum::http::StatusCode;
use rollbook::{
    domain::{Grant, MemberQuery, Seek},
    service::SetGrant,
};

#[tokio::test]
async fn r11_a_stranger_registers_and_is_a_member_with_exactly_the_assigned_permissions() {
    let site = Site::new().await;
    let (_, token) = site.invite("new@example.com").await;
    let (page, form) = site.open(&token).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Register and join"), "{}", page.body);
    assert!(
        page.body.contains("View &amp; Modify Product Passwords")
            || page.body.contains("View &#38; Modify Product Passwords")
    );
    let fields = [
        ("name", "New Person"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let done = site.post("register", &form, &fields).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert!(done.body.contains("ssh admin@mill.example"));
    let member = site
        .service
        .show_member(&operator(), site.account, &email("new@example.com"))
        .await
        .unwrap();
    assert_eq!(member.grant, custom(&["products.manage", "products.view"]));
    assert!(member.last_login.is_some());
    let seen = sign_in(&site.service, "new@example.com").await;
    assert_eq!(seen.accounts.len(), 1);
}

#[tokio::test]
async fn r10_a_known_user_logs_in_and_accepts() {
    let site = Site::new().await;
    let (other, _) =
        crate::support::account_with_owner(&site.service, "Other", "other@example.com").await;
    join(&site.service, other, "known@example.com", Grant::full()).await;
    let (sent, token) = site.invite("Known@Example.com").await;
    let (page, form) = site.open(&token).await;
    assert!(page.body.contains("Log in to accept"));
    let wrong = site
        .post("accept", &form, &[("password", "not the password at all")])
        .await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.body.contains("do not match") && wrong.body.contains("aria-invalid"));
    assert_eq!(site.status_of(&sent).await, "pending");
    let done = site.post("accept", &form, &[("password", PASSWORD)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(
        sign_in(&site.service, "known@example.com")
            .await
            .accounts
            .len(),
        2
    );
}

#[tokio::test]
async fn declining_needs_only_the_link() {
    let site = Site::new().await;
    let (sent, token) = site.invite("no@example.com").await;
    let (_, form) = site.open(&token).await;
    assert_eq!(
        site.post("decline", &form, &[]).await.status,
        StatusCode::OK
    );
    assert_eq!(site.status_of(&sent).await, "declined");
}

#[tokio::test]
async fn r12_each_dead_link_has_its_own_page() {
    let site = Site::new().await;
    let (expired, expired_token) = site.invite("expired@example.com").await;
    let (_, used_token) = site.invite("used@example.com").await;
    let (cancelled, cancelled_token) = site.invite("cancelled@example.com").await;
    let (_, declined_token) = site.invite("declined@example.com").await;
    let (resent, old_token) = site.invite("resent@example.com").await;
    let sql = "UPDATE invitations SET expires_at = now() WHERE id = $1";
    site.db
        .client()
        .await
        .execute(sql, &[&expired.invitation.id.0])
        .await
        .unwrap();
    crate::support::register(&site.service, &used_token, "Used").await;
    site.service
        .cancel_invitation(&site.write(), cancelled.invitation.id)
        .await
        .unwrap();
    site.service
        .decline_invitation(&declined_token, &crate::support::entry())
        .await
        .unwrap();
    site.service
        .resend_invitation(&site.write(), resent.invitation.id)
        .await
        .unwrap();
    let mut pages = std::collections::BTreeSet::new();
    for (token, status, words) in [
        (&expired_token, StatusCode::GONE, "has expired"),
        (&used_token, StatusCode::GONE, "has been accepted"),
        (&cancelled_token, StatusCode::GONE, "was withdrawn"),
        (&declined_token, StatusCode::GONE, "was declined"),
        (&old_token, StatusCode::NOT_FOUND, "is not valid"),
    ] {
        let page = site.get(&format!("/invite/{}", token.expose())).await;
        assert_eq!(page.status, status, "{words}");
        assert!(page.body.contains(words), "{words}: {}", page.body);
        pages.insert(page.body);
    }
    assert_eq!(pages.len(), 5);
}

#[tokio::test]
async fn an_invitation_dies_with_its_inviters_authority() {
    let site = Site::new().await;
    let manager = Grant {
        role: rollbook::domain::Role::Full,
        permissions: ["members.manage"].into_iter().collect(),
    };
    join(&site.service, site.account, "manager@example.com", manager).await;
    let theirs = sign_in(&site.service, "manager@example.com").await;
    let write = rollbook::service::Write::new(&theirs.actor, site.account);
    let sent = crate::support::invite(
        &site.service,
        &write,
        "guest@example.com",
        custom(&["domains.view"]),
    )
    .await;
    let token = crate::support::token_of(&site.service, &site.write(), &sent).await;
    let demote = SetGrant {
        email: email("manager@example.com"),
        to: custom(&["invoices.pay"]),
        version: None,
    };
    site.service
        .set_grant(&site.write(), &demote)
        .await
        .unwrap();
    let page = site.get(&format!("/invite/{}", token.expose())).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.body.contains("no longer holds"));
}

#[tokio::test]
async fn bad_fields_keep_what_was_typed() {
    let site = Site::new().await;
    let (sent, token) = site.invite("new@example.com").await;
    let (_, form) = site.open(&token).await;
    for (name, password, again, words) in [
        ("Ada <b>", "short", "short", "at least 15"),
        ("Ada <b>", PASSWORD, "something else entirely", "differ"),
        (" ", PASSWORD, PASSWORD, "1 to 100 characters"),
    ] {
        let fields = [("name", name), ("password", password), ("again", again)];
        let page = site.post("register", &form, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains(words), "{words}: {}", page.body);
        assert!(
            page.body.contains("role=\"alert\"") && page.body.contains("aria-invalid=\"true\"")
        );
        assert!(
            name == " " || page.body.contains("value=\"Ada &#60;b&#62;\""),
            "{}",
            page.body
        );
        assert!(!page.body.contains(PASSWORD));
    }
    assert_eq!(site.status_of(&sent).await, "pending");
    let all = site
        .service
        .list_members(
            &operator(),
            site.account,
            &MemberQuery::default(),
            (&Seek::First, 10),
        )
        .await;
    assert_eq!(all.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn the_database_going_away_is_said_and_loses_nothing() {
    let site = Site::new().await;
    let (_, token) = site.invite("new@example.com").await;
    let path = format!("/invite/{}", token.expose());
    assert_eq!(site.get("/readyz").await.status, StatusCode::OK);
    site.db.shut().await;
    let page = site.get(&path).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("The invitation is safe"));
    assert_eq!(
        site.get("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(site.get("/healthz").await.status, StatusCode::OK);
    site.db.open().await;
    assert_eq!(site.get(&path).await.status, StatusCode::OK);
}
