//! The bytes to and from a mail server: what is written leaves in one piece when an answer is waited for.
//!
//! lettre writes a message and the dot after it apart and flushes each. Over a plain socket the second
//! waits for the acknowledgement of the first (RFC 896), which the server puts off (RFC 1122, 4.2.3.2):
//! 40 ms a mail. SMTP is a dialogue, so nothing has to leave before its answer is read.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than this is sent before anybody waits for an answer.
const FULL: usize = 256 * 1024;

/// A socket, with or without TLS, that gathers what is written.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    peer: SocketAddr,
    unsent: Vec<u8>,
    /// How much of `unsent` has left.
    left: usize,
    /// What has left may still lie in the stream's own buffer.
    flushing: bool,
}

impl<S> Line<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            unsent: Vec::new(),
            left: 0,
            flushing: false,
        }
    }
}

impl<S: AsyncWrite + Unpin> Line<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.unsent.get(self.left..).filter(|rest| !rest.is_empty()) {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left += sent;
            self.flushing = true;
        }
        self.unsent.clear();
        self.left = 0;
        if self.flushing {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.flushing = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unsent.len() >= FULL {
            ready!(self.poll_send(cx))?;
        }
        self.unsent.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S> AsyncTokioStream for Line<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::{FULL, Line};
    use std::net::{Ipv4Addr, SocketAddr};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn line<S>(stream: S) -> Line<S> {
        Line::new(stream, SocketAddr::from((Ipv4Addr::LOCALHOST, 25)))
    }

    #[tokio::test]
    async fn what_is_written_leaves_in_one_piece_when_an_answer_is_read() {
        let (ours, mut theirs) = duplex(1024);
        let mut line = line(ours);
        for part in [b"a mail".as_slice(), b"\r\n.\r\n"] {
            line.write_all(part).await.unwrap();
            line.flush().await.unwrap();
        }
        let answering = async {
            let mut piece = [0; 1024];
            let read = theirs.read(&mut piece).await.unwrap();
            assert_eq!(piece.get(..read).unwrap(), b"a mail\r\n.\r\n");
            theirs.write_all(b"250 ok\r\n").await.unwrap();
        };
        let asking = async {
            let mut answer = [0; 8];
            line.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"250 ok\r\n");
        };
        tokio::join!(asking, answering);
    }

    #[tokio::test]
    async fn a_large_mail_is_not_held_back_whole() {
        let (ours, mut theirs) = duplex(1024);
        let mut line = line(ours);
        let writing = async {
            line.write_all(&vec![b'x'; FULL]).await.unwrap();
            line.write_all(b"y").await.unwrap();
            assert_eq!(line.unsent, b"y");
            line.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let reading = async {
            let mut piece = vec![0; FULL + 1];
            theirs.read_exact(&mut piece).await.unwrap();
            all = piece;
        };
        tokio::join!(writing, reading);
        assert!(all.ends_with(b"xy"));
    }
}
