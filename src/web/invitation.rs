//! One invitation: show it, log in and accept, register and join, decline.

use super::{
    Site, failure,
    guard::{Nonce, Peer, is_our_form},
    pages::{Message, Open, respond},
};
use crate::{
    domain::{DisplaySafe, InvitationToken, LoginMethod, Origin},
    service::{
        Accepted, Conflict, Dead, Entry, Invalid, Look, Proof, Registration, ServiceError,
        SignInFault,
    },
};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE},
    response::Response,
};
use serde::Deserialize;

/// Declines: no more than what every form has to prove where it comes from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineForm {
    csrf: String,
    token: String,
}

/// Logs in and accepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptForm {
    csrf: String,
    token: String,
    password: String,
    /// For who has a second factor.
    #[serde(default)]
    code: String,
}

/// Registers and accepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterForm {
    csrf: String,
    token: String,
    name: String,
    password: String,
    again: String,
}

/// What to say on the page again after a fault, and what to keep of what was typed.
#[derive(Default)]
struct Again {
    status: StatusCode,
    fault: Option<String>,
    wrong: &'static str,
    name: String,
}

/// Shows an invitation; changes nothing.
pub(super) async fn show(
    State(site): State<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match InvitationToken::parse(&token) {
        Some(token) => open(&site, &token, &headers, Again::default()).await,
        None => failure::dead(Dead::Unknown),
    }
}

/// Logs in with the invited address and joins.
pub(super) async fn accept(
    State(site): State<Site>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    headers: HeaderMap,
    form: Result<Form<AcceptForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return failure::unreadable();
    };
    let Some(token) = ours(&site, &headers, (&token, &form.token), &form.csrf) else {
        return failure::forged();
    };
    let (password, code) = (form.password.into(), form.code.into());
    let proof = Proof {
        password: &password,
        code: Some(&code),
    };
    let entry = entry(&peer);
    let done = site.service.accept_invitation(&token, proof, &entry).await;
    match done {
        Ok(accepted) => joined(&site, &accepted),
        Err(error) => refused(&site, &token, &headers, (error, String::new())).await,
    }
}

/// Registers the invited address and joins.
pub(super) async fn register(
    State(site): State<Site>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    headers: HeaderMap,
    form: Result<Form<RegisterForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return failure::unreadable();
    };
    let Some(token) = ours(&site, &headers, (&token, &form.token), &form.csrf) else {
        return failure::forged();
    };
    if form.password != form.again {
        let again = Again {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            fault: Some("The two passwords differ; type the same one twice".to_owned()),
            wrong: "again",
            name: form.name,
        };
        return open(&site, &token, &headers, again).await;
    }
    let registration = Registration {
        name: form.name.clone(),
        password: form.password.into(),
    };
    match site
        .service
        .register_and_accept(&token, &registration, &entry(&peer))
        .await
    {
        Ok(accepted) => joined(&site, &accepted),
        Err(error) => refused(&site, &token, &headers, (error, form.name)).await,
    }
}

/// Declines.
pub(super) async fn decline(
    State(site): State<Site>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    headers: HeaderMap,
    form: Result<Form<DeclineForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return failure::unreadable();
    };
    let Some(token) = ours(&site, &headers, (&token, &form.token), &form.csrf) else {
        return failure::forged();
    };
    match site.service.decline_invitation(&token, &entry(&peer)).await {
        Ok(()) => {
            let words = "You have declined the invitation. Whoever sent it will see that.";
            respond(StatusCode::OK, &Message::new("Declined", words))
        }
        Err(error) => failure::page(&error),
    }
}

/// The token, when the form comes from this site's page of the same invitation.
fn ours(
    site: &Site,
    headers: &HeaderMap,
    (path, form): (&str, &str),
    nonce: &str,
) -> Option<InvitationToken> {
    let ours = path == form && is_our_form(headers, &site.settings.base_url, nonce);
    ours.then(|| InvitationToken::parse(path)).flatten()
}

fn entry(peer: &str) -> Entry {
    Entry {
        method: LoginMethod::Page,
        origin: Origin::new(peer),
    }
}

fn joined(site: &Site, accepted: &Accepted) -> Response {
    let page = Message {
        heading: format!("You are a member of {}", accepted.account_name),
        words: "Open the console with:".to_owned(),
        code: Some(site.settings.open_console.clone()),
        after: Some(format!(
            "Sign in as {} with your password.",
            accepted.user.email
        )),
    };
    respond(StatusCode::OK, &page)
}

/// Shows the form again where the fault is one of its fields, else the page of the fault.
async fn refused(
    site: &Site,
    token: &InvitationToken,
    headers: &HeaderMap,
    (error, name): (ServiceError, String),
) -> Response {
    let (status, wrong) = match &error {
        ServiceError::NotSignedIn(SignInFault::Wrong) => (StatusCode::FORBIDDEN, "password"),
        ServiceError::NotSignedIn(SignInFault::CodeNeeded | SignInFault::WrongCode) => {
            (StatusCode::FORBIDDEN, "code")
        }
        ServiceError::NotSignedIn(SignInFault::Throttled) => {
            (StatusCode::TOO_MANY_REQUESTS, "password")
        }
        ServiceError::Invalid(Invalid::Name) => (StatusCode::UNPROCESSABLE_ENTITY, "name"),
        ServiceError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "password"),
        ServiceError::Conflict(Conflict::AlreadyRegistered) => (StatusCode::CONFLICT, "password"),
        _ => return failure::page(&error),
    };
    open(
        site,
        token,
        headers,
        Again {
            status,
            fault: Some(error.to_string()),
            wrong,
            name,
        },
    )
    .await
}

async fn open(site: &Site, token: &InvitationToken, headers: &HeaderMap, again: Again) -> Response {
    let (terms, registered) = match site.service.look_at_invitation(token).await {
        Ok(Look::Open { terms, registered }) => (terms, registered),
        Ok(Look::Dead(dead)) => return failure::dead(dead),
        Err(error) => return failure::page(&error),
    };
    let base = &site.settings.base_url;
    let Some(nonce) = Nonce::of(headers, base) else {
        return failure::forged();
    };
    let page = Open {
        account: terms.account_name.to_string(),
        inviter: terms.inviter_name.to_string(),
        email: terms.invitation.email.to_string(),
        permissions: terms.permissions.iter().map(ToString::to_string).collect(),
        expires: terms
            .invitation
            .expires_at
            .strftime("%-d %B %Y, %H:%M UTC")
            .to_string(),
        registered,
        token: token.expose().to_owned(),
        csrf: nonce.as_str().to_owned(),
        name: DisplaySafe::new(&again.name).to_string(),
        min_length: site.service.password_policy().min_length,
        fault: again.fault,
        wrong: again.wrong,
    };
    let mut response = respond(again.status, &page);
    if let Ok(cookie) = HeaderValue::from_str(&nonce.cookie(base)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
