//! Every way in which a page can't do what was asked, each with its own words and status.

use super::{
    Site,
    pages::{Message, respond},
};
use crate::service::{Conflict, Dead, ServiceError, SignInFault};
use axum::{extract::State, http::StatusCode, response::Response};

/// The page of a link that can't be accepted.
pub(super) fn dead(dead: Dead) -> Response {
    let (status, heading, words) = match dead {
        Dead::Unknown => (
            StatusCode::NOT_FOUND,
            "This link is not valid",
            "It may have been cut short on the way, or a newer invitation has replaced it. Open the \
             link from the newest mail, or ask whoever invited you to send it again.",
        ),
        Dead::Expired => (
            StatusCode::GONE,
            "This invitation has expired",
            "Ask whoever invited you to send it again; the new mail brings a new link.",
        ),
        Dead::Used => (
            StatusCode::GONE,
            "This invitation has been accepted",
            "The link works once. If you accepted it, you are a member already and can sign in to \
             the console; if not, tell whoever invited you.",
        ),
        Dead::Declined => (
            StatusCode::GONE,
            "This invitation was declined",
            "Nothing was changed. If you have thought again, ask for a new invitation.",
        ),
        Dead::Cancelled => (
            StatusCode::GONE,
            "This invitation was withdrawn",
            "The account's managers have cancelled it. Ask them if you think that is a mistake.",
        ),
        Dead::InviterLostAuthority => (
            StatusCode::GONE,
            "This invitation no longer holds",
            "Whoever sent it may no longer give these permissions. Ask another manager of the \
             account for a new invitation.",
        ),
    };
    respond(status, &Message::new(heading, words))
}

/// The page of a service error that is not about a field of the form.
pub(super) fn page(error: &ServiceError) -> Response {
    let (status, heading) = match error {
        ServiceError::Dead(reason) => return dead(*reason),
        ServiceError::Conflict(Conflict::AlreadyMember) => {
            (StatusCode::CONFLICT, "You are a member already")
        }
        ServiceError::Conflict(_) => (StatusCode::CONFLICT, "Something changed meanwhile"),
        ServiceError::NotSignedIn(SignInFault::Throttled) | ServiceError::Limited(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many attempts")
        }
        ServiceError::Unavailable(_)
        | ServiceError::Schema(_)
        | ServiceError::Unknown
        | ServiceError::Stopped => {
            let words = "The invitation is safe. Try again in a minute.";
            let page = Message::new("This does not work just now", words);
            return respond(StatusCode::SERVICE_UNAVAILABLE, &page);
        }
        ServiceError::Denied(_) | ServiceError::NotSignedIn(_) => {
            (StatusCode::FORBIDDEN, "This is not allowed")
        }
        ServiceError::NotFound { .. } => return dead(Dead::Unknown),
        ServiceError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "This can't be used"),
        ServiceError::Bug { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    };
    respond(status, &Message::new(heading, error.to_string()))
}

/// The page of a form that did not come from this site.
pub(super) fn forged() -> Response {
    let words = "The form is out of date or came from somewhere else. Open the link from the mail \
                 again and send the form from there.";
    respond(
        StatusCode::FORBIDDEN,
        &Message::new("Nothing was changed", words),
    )
}

/// The page of a form that can't be read.
pub(super) fn unreadable() -> Response {
    let words = "Open the link from the mail again and fill the form in there.";
    respond(
        StatusCode::BAD_REQUEST,
        &Message::new("This form can't be read", words),
    )
}

pub(super) async fn not_found() -> Response {
    let words = "Nothing is here. Invitations come as a link in a mail.";
    respond(StatusCode::NOT_FOUND, &Message::new("No such page", words))
}

pub(super) async fn wrong_method() -> Response {
    let words = "Open the link from the mail again.";
    respond(
        StatusCode::METHOD_NOT_ALLOWED,
        &Message::new("This can't be done like that", words),
    )
}

/// Whether the database answers, for load balancers.
pub(super) async fn ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    match site.service.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        ),
    }
}
