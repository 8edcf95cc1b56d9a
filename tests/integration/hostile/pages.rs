//! The acceptance page with hostile names and hostile forms: the same elements, other words.

use super::corpus::{corpus, with_nul};
use super::stream::fault_of_lines;
use crate::support::{
    BASE_URL, TestDb, account_with_owner, custom, invite, operator, service, token_of,
};
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use rollbook::{
    service::Write,
    web::{WebSettings, router},
};
use tower::ServiceExt;

/// The names of a page's tags and attributes, in order: what a browser makes elements of. Character
/// data and the values of attributes are left out.
fn elements(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        // Outside quotes only names remain.
        let names = tag.split('"').step_by(2).collect::<Vec<_>>().join("");
        found.push(names);
        rest = after;
    }
    found
}

async fn body(router: &Router, request: Request<Body>) -> (String, Option<String>) {
    let response = router.clone().oneshot(request).await.unwrap();
    let cookie = response.headers().get(header::SET_COOKIE).map(|value| {
        value
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    });
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), cookie)
}

#[tokio::test]
async fn r09_pages_have_the_same_elements_whatever_the_names_are() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Example Ltd", "owner@example.com").await;
    let settings = WebSettings {
        base_url: BASE_URL.parse().unwrap(),
        open_console: "rollbook".to_owned(),
    };
    let router = router(service.clone(), settings);
    let write = || Write::new(&operator(), account);
    let grant = custom(&["products.view", "invoices.pay"]);
    let sent = invite(&service, &write(), "new@example.com", grant).await;
    let token = token_of(&service, &write(), &sent).await;
    let path = format!("/invite/{}", token.expose());
    let get = || Request::get(&path).body(Body::empty()).unwrap();
    let (plain, _) = body(&router, get()).await;
    let inviter = "UPDATE invitations SET inviter_id = (SELECT id FROM users LIMIT 1),
        inviter_name = $1, permissions = ARRAY[$1, 'products.view']";
    let behind = db.client().await;
    for text in corpus() {
        for sql in [
            "UPDATE accounts SET name = $1",
            "UPDATE users SET name = $1",
            inviter,
        ] {
            behind.execute(sql, &[&text]).await.unwrap();
        }
        let (page, _) = body(&router, get()).await;
        assert_eq!(elements(&page), elements(&plain), "{text:?}");
        assert_eq!(fault_of_lines(&page), None, "{text:?}");
    }
    for text in corpus().into_iter().step_by(4).chain(with_nul()) {
        let (_, cookie) = body(&router, get()).await;
        let cookie = cookie.unwrap();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", cookie.split_once('=').unwrap().1)
            .append_pair("token", token.expose())
            .append_pair("name", &text)
            .append_pair("password", "short")
            .append_pair("again", "shorter")
            .finish();
        let post = Request::post(format!("{path}/register"))
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        let (page, _) = body(&router, post).await;
        assert!(page.contains("The two passwords differ"), "{text:?}");
        assert_eq!(fault_of_lines(&page), None, "{text:?}");
        let fault = elements(&page).len() - elements(&plain).len();
        assert_eq!(fault, 4, "the fault's own: {text:?}");
    }
}
