//! `rollbook serve`: the acceptance pages and the delivery worker, until told to stop.

use super::background::{Background, web_settings};
use super::failure::{Failure, Outcome};
use super::output::Output;
use super::wiring::{Configured, Schema};
use crate::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// [`Failure::Usage`] without a base URL outside loopback; what the database or the socket says.
pub async fn run(configured: Configured, output: &mut Output<'_>) -> Outcome {
    let listen = configured.settings.web.listen;
    let Some(base_url) = configured.base_url.clone() else {
        return Err(Failure::Usage(format!(
            "web.base_url is not set, and the pages listen on {listen}: set it to the address that \
             people open, such as https://rollbook.example.com, for links must not follow what a request claims"
        )));
    };
    telemetry::start(&configured.sink(), &configured.settings.log.filter);
    let mailer = configured.mailer()?;
    let busy =
        |error: std::io::Error| Failure::machine(&format!("Can't listen on {listen}"), &error);
    let listener = TcpListener::bind(listen).await.map_err(busy)?;
    let at = listener.local_addr().map_err(busy)?;
    let installation = configured.open(Schema::Expect).await?;
    let pages = (listener, web_settings(&configured, base_url.clone()));
    let background = Background::start(&installation.service, mailer, Some(pages));
    output.remark(&format!(
        "Serving {base_url} on {at}; mail is delivered; Ctrl-C or SIGTERM ends"
    ))?;
    output.flush()?;
    let ended = told_to_end().await;
    background.finish().await;
    installation.close().await;
    ended
}

/// Comes with SIGTERM or SIGINT.
///
/// # Errors
/// Where signals can't be watched.
pub async fn told_to_end() -> Outcome {
    let watch =
        |kind| signal(kind).map_err(|error| Failure::machine("Can't watch for signals", &error));
    let (mut term, mut int) = (
        watch(SignalKind::terminate())?,
        watch(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}
