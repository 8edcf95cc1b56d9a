//! What stands between the network and the handlers: headers on every response, and proof that a
//! form came from this site (OWASP's double-submit cookie, with the browser's own word where it
//! gives one).

use super::Site;
use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{convert::Infallible, net::SocketAddr};
use subtle::ConstantTimeEq;
use url::Url;

/// The headers of every response, errors included.
const HEADERS: [(&str, &str); 9] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// Puts the security headers on whatever comes back.
pub(super) async fn headers(State(site): State<Site>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if is_https(&site.settings.base_url) {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// The nonce of a browser, which its forms repeat.
#[derive(Clone)]
pub(super) struct Nonce(String);

impl Nonce {
    /// The browser's nonce, or a new one.
    pub(super) fn of(headers: &HeaderMap, base: &Url) -> Option<Self> {
        sent(headers, base).or_else(Self::new)
    }

    fn new() -> Option<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What the form repeats.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The cookie that keeps it, until the browser closes.
    pub(super) fn cookie(&self, base: &Url) -> String {
        let secure = if is_https(base) { "; Secure" } else { "" };
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict{secure}",
            cookie_name(base),
            self.0
        )
    }
}

/// Whether a form with this nonce comes from a page of this site.
pub(super) fn is_our_form(headers: &HeaderMap, base: &Url, nonce: &str) -> bool {
    let repeated = sent(headers, base)
        .is_some_and(|sent| bool::from(sent.0.as_bytes().ct_eq(nonce.as_bytes())));
    repeated && comes_from_here(headers, base)
}

/// The browser's word on where the request comes from; requests without one pass, as the nonce
/// stands for them.
fn comes_from_here(headers: &HeaderMap, base: &Url) -> bool {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text("origin") else {
        return true;
    };
    origin == base.origin().ascii_serialization()
        || Url::parse(origin).is_ok_and(|origin| {
            let port = origin
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let host = origin.host_str().map(|host| format!("{host}{port}"));
            host.as_deref() == text("host")
        })
}

fn sent(headers: &HeaderMap, base: &Url) -> Option<Nonce> {
    let name = cookie_name(base);
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let value = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)?;
    let whole = URL_SAFE_NO_PAD
        .decode(value)
        .is_ok_and(|bytes| bytes.len() == 32);
    whole.then(|| Nonce(value.to_owned()))
}

/// The `__Host-` prefix ties a cookie to this host, but browsers take it only over TLS (RFC 6265bis).
fn cookie_name(base: &Url) -> &'static str {
    if is_https(base) {
        "__Host-rollbook-form"
    } else {
        "rollbook-form"
    }
}

fn is_https(base: &Url) -> bool {
    base.scheme() == "https"
}

/// The peer of the connection. Forwarded headers are whatever somebody writes into them.
pub(super) struct Peer(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or_else(
            || "page".to_owned(),
            |ConnectInfo(at)| at.ip().to_string(),
        )))
    }
}
