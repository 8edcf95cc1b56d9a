//! Forged forms, wrong methods, scanners, hostile names: nothing may change, nothing may leak.

use super::{Form, Site};
use crate::support::{PASSWORD, custom, invite, token_of};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};

const HEADERS: [&str; 9] = [
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cache-control",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "x-robots-tag",
];

#[tokio::test]
async fn every_response_has_every_header() {
    for base in ["http://127.0.0.1:7655", "https://rollbook.example.com"] {
        let site = Site::with_base(base).await;
        let (_, token) = site.invite("new@example.com").await;
        let live = format!("/invite/{}", token.expose());
        for path in [
            live.as_str(),
            "/invite/nonsense",
            "/",
            "/style.css",
            "/healthz",
            "/readyz",
            "/invite/x/accept",
        ] {
            for method in [
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::OPTIONS,
                Method::DELETE,
            ] {
                let request = Request::builder()
                    .method(method.clone())
                    .uri(path)
                    .body(Body::empty())
                    .unwrap();
                let answer = site.send(request).await;
                for name in HEADERS {
                    assert!(
                        answer.headers.contains_key(name),
                        "{method} {path} lacks {name}"
                    );
                }
                assert_eq!(
                    answer.headers.contains_key("strict-transport-security"),
                    base.starts_with("https")
                );
            }
        }
        let cookie = site.get(&live).await.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        assert_eq!(
            cookie.starts_with("__Host-") && cookie.contains("Secure"),
            base.starts_with("https"),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn r12_opening_and_scanning_change_nothing() {
    let site = Site::new().await;
    let (sent, token) = site.invite("new@example.com").await;
    let base = format!("/invite/{}", token.expose());
    for round in 0..25 {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            for action in ["", "/accept", "/register", "/decline"] {
                let request = Request::builder()
                    .method(method.clone())
                    .uri(format!("{base}{action}"))
                    .header(header::USER_AGENT, format!("scanner {round}"))
                    .body(Body::empty())
                    .unwrap();
                site.send(request).await;
            }
        }
        // A scanner that presses the buttons of a form it has not filled in, without a cookie.
        for action in ["accept", "register", "decline"] {
            let request = Request::post(format!("{base}/{action}"))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::empty())
                .unwrap();
            assert!(site.send(request).await.status.is_client_error());
        }
    }
    assert_eq!(site.status_of(&sent).await, "pending");
    let (_, form) = site.open(&token).await;
    let fields = [("name", "New"), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(
        site.post("register", &form, &fields).await.status,
        StatusCode::OK
    );
}

/// What a forger may get wrong: the cookie, the form's token, or where the browser says it comes from.
fn forgeries(form: &Form) -> Vec<Form> {
    let with = |cookie: &str, csrf: &str, headers: &[(&'static str, &'static str)]| Form {
        token: form.token.clone(),
        cookie: cookie.to_owned(),
        csrf: csrf.to_owned(),
        headers: headers.to_vec(),
    };
    let mut forged = vec![
        with("x=y", &form.csrf, &[]),
        with(&form.cookie, "", &[]),
        with(&form.cookie, &form.csrf.to_uppercase(), &[]),
    ];
    let elsewhere: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[
            ("origin", "https://evil.example"),
            ("x-forwarded-host", "evil.example"),
        ],
    ];
    forged.extend(elsewhere.map(|headers| with(&form.cookie, &form.csrf, headers)));
    forged
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let site = Site::new().await;
    let (sent, token) = site.invite("new@example.com").await;
    let (other, other_token) = site.invite("other@example.com").await;
    let (_, mut form) = site.open(&token).await;
    let fields = [
        ("name", "Evil"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    for (at, forged) in forgeries(&form).iter().enumerate() {
        let declined = site.post("decline", forged, &[]).await;
        assert_eq!(declined.status, StatusCode::FORBIDDEN, "{at}");
        let registered = site.post("register", forged, &fields).await;
        assert_eq!(registered.status, StatusCode::FORBIDDEN, "{at}");
    }
    // The page of one invitation, the address of another.
    let swapped = format!("/invite/{}/decline", other_token.expose());
    assert_eq!(
        site.post_to(&swapped, &form, &[]).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(site.status_of(&sent).await, "pending");
    assert_eq!(site.status_of(&other).await, "pending");
    form.headers = vec![
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://127.0.0.1:7655"),
    ];
    assert_eq!(
        site.post("decline", &form, &[]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn extra_fields_and_huge_bodies_are_refused() {
    let site = Site::new().await;
    let (sent, token) = site.invite("new@example.com").await;
    let (_, form) = site.open(&token).await;
    let huge = "x".repeat(64 * 1024);
    for extra in [
        ("role", "owner"),
        ("email", "evil@example.com"),
        ("permissions", "members.manage"),
        ("next", &huge),
    ] {
        let fields = [
            ("name", "New"),
            ("password", PASSWORD),
            ("again", PASSWORD),
            extra,
        ];
        let answer = site.post("register", &form, &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", extra.0);
    }
    assert_eq!(site.status_of(&sent).await, "pending");
}

#[tokio::test]
async fn forged_tokens_open_nothing() {
    let site = Site::new().await;
    let (_, token) = site.invite("new@example.com").await;
    let good = token.expose();
    let prefixes = (0..good.len()).map(|end| good.chars().take(end).collect::<String>());
    let flips = (0..good.len()).map(|at| {
        good.chars()
            .enumerate()
            .map(|(i, c)| {
                if i == at {
                    if c == 'A' { 'E' } else { 'A' }
                } else {
                    c
                }
            })
            .collect::<String>()
    });
    for forged in prefixes.chain(flips).filter(|forged| forged != good) {
        let answer = site.get(&format!("/invite/{forged}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{forged}");
    }
}

#[tokio::test]
async fn hostile_names_add_no_element() {
    let site = Site::new().await;
    let sent = invite(
        &site.service,
        &site.write(),
        "new@example.com",
        custom(&["domains.view"]),
    )
    .await;
    let token = token_of(&site.service, &site.write(), &sent).await;
    let count = |body: &str| body.matches('<').count();
    let plain = count(&site.open(&token).await.0.body);
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=y>",
        "</main><h1>x",
        "{{ 7*7 }}",
        "\u{202E}evil\u{1b}[31m",
        "&lt;b&gt;",
    ];
    for name in hostile {
        let client = site.db.client().await;
        client
            .execute("UPDATE accounts SET name = $1", &[&name])
            .await
            .unwrap();
        client
            .execute("UPDATE invitations SET inviter_name = $1", &[&name])
            .await
            .unwrap();
        let (page, _) = site.open(&token).await;
        assert_eq!(count(&page.body), plain, "{name:?}");
        assert!(!page.body.contains('\u{202E}') && !page.body.contains('\u{1b}'));
    }
}

#[tokio::test]
async fn no_host_header_reaches_a_page() {
    let site = Site::new().await;
    let (_, token) = site.invite("new@example.com").await;
    let request = Request::get(format!("/invite/{}", token.expose()))
        .header(header::HOST, "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=https")
        .body(Body::empty())
        .unwrap();
    let page = site.send(request).await;
    assert!(!page.body.contains("evil.example"));
    assert!(
        !page
            .headers
            .values()
            .any(|value| value.to_str().unwrap_or("").contains("evil.example"))
    );
}

#[tokio::test]
async fn guessing_is_throttled_and_the_right_password_waits_too() {
    let site = Site::new().await;
    crate::support::account_with_owner(&site.service, "Other", "known@example.com").await;
    let (_, token) = site.invite("known@example.com").await;
    let (_, form) = site.open(&token).await;
    for _ in 0..10 {
        let answer = site
            .post("accept", &form, &[("password", "a wrong password!")])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let answer = site.post("accept", &form, &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let sql = "UPDATE logins SET at = at - interval '16 minutes'";
    site.db.client().await.execute(sql, &[]).await.unwrap();
    assert_eq!(
        site.post("accept", &form, &[("password", PASSWORD)])
            .await
            .status,
        StatusCode::OK
    );
}
