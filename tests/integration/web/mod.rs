//! The acceptance pages, driven as a router on a real database.

mod abuse;
mod flows;

use crate::support::{self, BASE_URL, TestDb, custom, invite, operator, token_of};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use rollbook::{
    domain::{AccountId, InvitationToken},
    service::{InvitationSent, Service, Write},
    web::{WebSettings, router},
};
use tower::ServiceExt;

/// An account, its service and its pages.
struct Site {
    db: TestDb,
    service: Service,
    account: AccountId,
    router: Router,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Site {
    async fn new() -> Self {
        Self::with_base(BASE_URL).await
    }

    async fn with_base(base: &str) -> Self {
        let db = TestDb::new().await;
        let service = support::service(&db);
        let (account, _) =
            support::account_with_owner(&service, "Mill & Sons", "owner@example.com").await;
        let settings = WebSettings {
            base_url: base.parse().unwrap(),
            open_console: "ssh admin@mill.example".to_owned(),
        };
        let router = router(service.clone(), settings);
        Self {
            db,
            service,
            account,
            router,
        }
    }

    fn write(&self) -> Write {
        Write::new(&operator(), self.account)
    }

    /// Invites an address to see products.
    async fn invite(&self, address: &str) -> (InvitationSent, InvitationToken) {
        let sent = invite(
            &self.service,
            &self.write(),
            address,
            custom(&["products.manage"]),
        )
        .await;
        let token = token_of(&self.service, &self.write(), &sent).await;
        (sent, token)
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Opens a page as a browser does and gives its cookie and form token.
    async fn open(&self, token: &InvitationToken) -> (Answer, Form) {
        let page = self.get(&format!("/invite/{}", token.expose())).await;
        let cookie = page.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let csrf = cookie.split_once('=').unwrap().1.to_owned();
        let form = Form {
            token: token.expose().to_owned(),
            cookie,
            csrf,
            headers: Vec::new(),
        };
        (page, form)
    }

    async fn post(&self, action: &str, form: &Form, fields: &[(&str, &str)]) -> Answer {
        self.post_to(&format!("/invite/{}/{action}", form.token), form, fields)
            .await
    }

    async fn post_to(&self, path: &str, form: &Form, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &form.csrf)
            .append_pair("token", &form.token);
        body.extend_pairs(fields);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &form.cookie);
        for (name, value) in &form.headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.finish())).unwrap())
            .await
    }

    async fn status_of(&self, sent: &InvitationSent) -> String {
        let client = self.db.client().await;
        let row = client
            .query_one(
                "SELECT status FROM invitations WHERE id = $1",
                &[&sent.invitation.id.0],
            )
            .await;
        row.unwrap().get(0)
    }
}

/// What a browser sends along.
struct Form {
    token: String,
    cookie: String,
    csrf: String,
    headers: Vec<(&'static str, &'static str)>,
}
