//! The pages that an invitation's link opens: server-rendered, no script, no third-party asset.
//!
//! Looking (GET, HEAD) changes nothing; acting is a POST with a form's own token. Nothing here
//! decides what is allowed: the service does.

mod failure;
mod guard;
mod invitation;
mod pages;

pub use invitation::{AcceptForm, DeclineForm, RegisterForm};

use crate::service::Service;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header::CONTENT_TYPE,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;
use url::Url;

/// No form of these pages is larger than this, in bytes.
const LARGEST_FORM: usize = 16 * 1024;
/// No page takes longer than this.
const LONGEST: Duration = Duration::from_secs(15);

/// What an installation sets about the pages.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// What links start with; decides cookie flags and which origin may post.
    pub base_url: Url,
    /// How to open the console, shown after joining.
    pub open_console: String,
}

/// What every handler shares.
#[derive(Clone)]
struct Site {
    service: Service,
    settings: Arc<WebSettings>,
}

/// All routes.
pub fn router(service: Service, settings: WebSettings) -> Router {
    let site = Site {
        service,
        settings: Arc::new(settings),
    };
    Router::new()
        .route("/invite/{token}", get(invitation::show))
        .route("/invite/{token}/accept", post(invitation::accept))
        .route("/invite/{token}/register", post(invitation::register))
        .route("/invite/{token}/decline", post(invitation::decline))
        .route("/style.css", get(style))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(failure::ready))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            LONGEST,
        ))
        .layer(middleware::from_fn_with_state(site.clone(), guard::headers))
        .with_state(site)
}

/// Serves the pages until `stop`, then lets the requests in hand end.
///
/// # Errors
/// What the socket says.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn style() -> Response {
    let css = include_str!("../../assets/web/style.css");
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}
