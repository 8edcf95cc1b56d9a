//! What runs beside the console of the private installation, and all that `rollbook serve` is: the
//! acceptance pages and the delivery worker.

use super::failure::{Failure, Outcome};
use super::wiring::Configured;
use crate::mail::Mailer;
use crate::service::Service;
use crate::web::{self, WebSettings};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long the requests and the mail in hand may take when everything is to end.
const GRACE: Duration = Duration::from_secs(20);

/// The tasks under way.
pub struct Background {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Background {
    /// Starts the delivery worker, and the pages where there is a socket for them.
    pub fn start(
        service: &Service,
        mailer: Mailer,
        pages: Option<(TcpListener, WebSettings)>,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (worker, ending) = (service.clone(), stop.clone());
        tasks.spawn(async move { worker.run_outbox(&mailer, ending).await });
        if let Some((listener, settings)) = pages {
            let (router, ending) = (web::router(service.clone(), settings), stop.clone());
            tasks.spawn(async move {
                if let Err(error) = web::serve(listener, router, ending).await {
                    tracing::error!(%error, "the pages have ended");
                }
            });
        }
        Self { tasks, stop }
    }

    /// Lets what is in hand end, then ends.
    pub async fn finish(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// A socket for the pages of a console: none when another console on this machine has them already;
/// another port, told in `base_url`, when a stranger holds the configured one.
///
/// # Errors
/// [`Failure::Machine`] when no port is to be had at all.
pub async fn pages_socket(configured: &mut Configured) -> Outcome<Option<TcpListener>> {
    let wanted = configured.settings.web.listen;
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(Some(listener)),
        Err(_) if is_rollbook(wanted).await => Ok(None),
        Err(error) => {
            let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = any.map_err(|_no_port| {
                Failure::machine(&format!("Can't listen on {wanted}"), &error)
            })?;
            if configured.settings.web.base_url.is_none() {
                let own = listener.local_addr().ok().map(|at| format!("http://{at}"));
                configured.base_url = own.and_then(|own| Url::parse(&own).ok());
            }
            Ok(Some(listener))
        }
    }
}

/// Whether the pages of a Rollbook answer there.
async fn is_rollbook(at: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(at).await?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"))
    };
    let asked = tokio::time::timeout(Duration::from_secs(1), ask).await;
    asked.is_ok_and(|answer| answer.unwrap_or(false))
}

/// What the pages are to know.
pub fn web_settings(configured: &Configured, base_url: Url) -> WebSettings {
    WebSettings {
        base_url,
        open_console: configured.settings.web.open_console.clone(),
    }
}
