//! The acceptance pages in a real browser, served on loopback.

use crate::support::{
    self, PASSWORD, TestDb, account_with_owner, browser::Browser, custom, email, invite, operator,
    token_of,
};
use rollbook::{
    domain::{AccountId, Grant},
    service::{Service, ServiceSettings, Write},
    web::{WebSettings, router, serve},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

/// An account and its pages on a free port.
struct Pages {
    _db: TestDb,
    service: Service,
    account: AccountId,
    base: Url,
    _server: JoinSet<std::io::Result<()>>,
}

impl Pages {
    async fn start() -> Self {
        let db = TestDb::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: Url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let settings = ServiceSettings {
            base_url: Some(base.clone()),
            ..support::settings()
        };
        let service = support::service_with(&db, settings);
        let (account, _) =
            account_with_owner(&service, "Lovelace Mills", "owner@example.com").await;
        let web = WebSettings {
            base_url: base.clone(),
            open_console: "ssh admin@mills.example".to_owned(),
        };
        let mut server = JoinSet::new();
        server.spawn(serve(
            listener,
            router(service.clone(), web),
            CancellationToken::new(),
        ));
        Self {
            _db: db,
            service,
            account,
            base,
            _server: server,
        }
    }

    async fn link_for(&self, address: &str, grant: Grant) -> String {
        let write = Write::new(&operator(), self.account);
        let sent = invite(&self.service, &write, address, grant).await;
        let token = token_of(&self.service, &Write::new(&operator(), self.account), &sent).await;
        format!("{}invite/{}", self.base, token.expose())
    }
}

#[tokio::test]
async fn r11_a_stranger_registers_in_a_browser() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let pages = Pages::start().await;
    let link = pages
        .link_for("new@example.com", custom(&["domains.manage"]))
        .await;
    browser.open(&link).await;
    browser.see("Join Lovelace Mills").await;
    assert!(browser.text().await.contains("Manage Domain Settings"));
    assert_eq!(
        browser.attribute("email", "value").await.unwrap(),
        "new@example.com"
    );
    assert!(browser.attribute("email", "readonly").await.is_some());
    browser.fill("name", "New Person").await;
    browser.fill("password", PASSWORD).await;
    browser.fill("again", "not the same at all").await;
    browser.press("Register and join").await;
    browser.see_fault("differ").await;
    assert_eq!(
        browser.attribute("name", "value").await.unwrap(),
        "New Person"
    );
    browser.fill("password", PASSWORD).await;
    browser.fill("again", PASSWORD).await;
    browser.press("Register and join").await;
    browser.see("You are a member of Lovelace Mills").await;
    assert!(browser.text().await.contains("ssh admin@mills.example"));
    let member = pages
        .service
        .show_member(&operator(), pages.account, &email("new@example.com"))
        .await
        .unwrap();
    assert_eq!(member.grant, custom(&["domains.manage", "domains.view"]));
    browser.open(&link).await;
    browser.see("This invitation has been accepted").await;
    browser.stop().await;
}

#[tokio::test]
async fn r10_a_known_user_logs_in_and_accepts_in_a_browser() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let pages = Pages::start().await;
    account_with_owner(&pages.service, "Other", "known@example.com").await;
    let link = pages.link_for("known@example.com", Grant::full()).await;
    browser.open(&link).await;
    browser.see("Join Lovelace Mills").await;
    assert!(browser.text().await.contains("All permissions"));
    browser.fill("password", "the wrong password").await;
    browser.press("Log in and accept").await;
    browser.see_fault("do not match").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Log in and accept").await;
    browser.see("You are a member of Lovelace Mills").await;
    browser.stop().await;
}

#[tokio::test]
async fn declining_in_a_browser() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let pages = Pages::start().await;
    let link = pages.link_for("no@example.com", Grant::full()).await;
    browser.open(&link).await;
    browser.press("Decline the invitation").await;
    browser.see("Declined").await;
    browser.open(&link).await;
    browser.see("This invitation was declined").await;
    browser.stop().await;
}
