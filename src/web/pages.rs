//! The pages as values; askama escapes everything that goes into them.

use askama::Template;
use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

/// What a live link shows: the terms, and the form to log in or to register.
#[derive(Template)]
#[template(path = "web/open.html")]
pub(super) struct Open {
    pub(super) account: String,
    pub(super) inviter: String,
    pub(super) email: String,
    pub(super) permissions: Vec<String>,
    pub(super) expires: String,
    pub(super) registered: bool,
    pub(super) token: String,
    pub(super) csrf: String,
    /// What was typed as the name, kept after a fault.
    pub(super) name: String,
    pub(super) min_length: usize,
    pub(super) fault: Option<String>,
    /// The field at fault.
    pub(super) wrong: &'static str,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "web/message.html")]
pub(super) struct Message {
    pub(super) heading: String,
    pub(super) words: String,
    /// Something to copy, such as a command.
    pub(super) code: Option<String>,
    pub(super) after: Option<String>,
}

impl Message {
    pub(super) fn new(heading: &str, words: impl Into<String>) -> Self {
        Self {
            heading: heading.to_owned(),
            words: words.into(),
            code: None,
            after: None,
        }
    }
}

/// Renders a page with a status.
pub(super) fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
