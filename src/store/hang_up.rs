//! Asking the server to end a statement, and waiting until it hangs up, as libpq does. The driver hangs up
//! first: a pgbouncer before 1.20 that was just passing the request on ends itself over that, for everybody
//! (its issue 801).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream, lookup_host},
};
use tokio_postgres::{
    CancelToken, Config, NoTls,
    config::Host,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Asks every server that the connection may have gone to: the others do not know the number and its key.
///
/// # Errors
/// The last one's where none could be asked.
pub(super) async fn cancel(
    token: &CancelToken,
    config: &Config,
    tls: Option<&MakeRustlsConnect>,
) -> io::Result<()> {
    let asked = config.get_hosts().iter().enumerate();
    let asked = asked.map(|(at, host)| ask(token, (config, at, host), tls));
    let asked = futures_util::future::join_all(asked).await;
    let nobody = Err(io::ErrorKind::NotFound.into());
    asked.into_iter().reduce(io::Result::or).unwrap_or(nobody)
}

async fn ask(
    token: &CancelToken,
    (config, at, host): (&Config, usize, &Host),
    tls: Option<&MakeRustlsConnect>,
) -> io::Result<()> {
    let ports = config.get_ports();
    let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let mut asked = Err(io::ErrorKind::NotFound.into());
    match host {
        Host::Unix(dir) => {
            let socket = UnixStream::connect(dir.join(format!(".s.PGSQL.{port}"))).await?;
            asked = over(token, socket, None).await;
        }
        Host::Tcp(name) => {
            let addresses: Vec<_> = match config.get_hostaddrs().get(at) {
                Some(address) => vec![(*address, port).into()],
                None => lookup_host((name.as_str(), port)).await?.collect(),
            };
            for address in addresses {
                let one = async {
                    let socket = TcpStream::connect(address).await?;
                    over(token, socket, tls.map(|tls| (tls, name.as_str()))).await
                };
                asked = one.await.or(asked);
            }
        }
    }
    asked
}

async fn over<S>(
    token: &CancelToken,
    socket: S,
    tls: Option<(&MakeRustlsConnect, &str)>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let socket = Lingering(socket);
    let asked = match tls {
        None => token.cancel_query_raw(socket, NoTls).await,
        Some((tls, name)) => {
            let connect = MakeTlsConnect::<Lingering<S>>::make_tls_connect(&mut tls.clone(), name);
            let connect = LingeringTls(connect.map_err(io::Error::other)?);
            token.cancel_query_raw(socket, connect).await
        }
    };
    asked.map_err(io::Error::other)
}

/// A stream whose end waits for the other side's.
struct Lingering<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut bytes = [0; 64];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: TlsStream + Unpin> TlsStream for Lingering<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.channel_binding()
    }
}

/// TLS over a stream, which ends as a [`Lingering`] one does.
struct LingeringTls<T>(T);

impl<S, T> TlsConnect<S> for LingeringTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Lingering<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting = self.0.connect(stream);
        Box::pin(async move { connecting.await.map(Lingering) })
    }
}
