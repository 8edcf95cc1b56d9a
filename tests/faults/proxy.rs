//! A line to a server that can be spoilt: slow, silent, cut, or cut at one end only.

use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinSet,
};

/// What the line does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Good,
    /// Each piece arrives this much later.
    Slow(Duration),
    /// Connections are taken and nothing is passed on: a black hole.
    Silent,
    /// All connections are reset, and new ones as soon as they come.
    Cut,
    /// The server's end of each connection is closed, and the client is never told; new ones are good.
    HalfOpen,
}

/// The proxy; ends with the value.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    line: Arc<watch::Sender<Line>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port of loopback and passes on to this one.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(watch::Sender::new(Line::Good));
        let mut tasks = JoinSet::new();
        let told = Arc::clone(&line);
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                calls.spawn(call(client, server, told.subscribe()));
            }
        });
        Self {
            port,
            line,
            _tasks: tasks,
        }
    }

    /// Makes the line like this, from now on.
    pub(crate) fn make(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn call(client: TcpStream, server: u16, mut line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Cut {
        return reset(&client);
    }
    let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = upstream.into_split();
    let mut ways = JoinSet::new();
    ways.spawn(pass((from_client, to_server), End::Client, line.clone()));
    ways.spawn(pass((from_server, to_client), End::Server, line.clone()));
    loop {
        tokio::select! {
            _ = ways.join_next() => return,
            changed = line.changed() => if changed.is_err() { return },
        }
        let now = *line.borrow();
        match now {
            // Closing without lingering sends a reset to both ends.
            Line::Cut => return,
            // Each way keeps the client's half for ever.
            Line::HalfOpen => std::future::pending().await,
            Line::Good | Line::Slow(_) | Line::Silent => {}
        }
    }
}

fn reset(stream: &TcpStream) {
    stream.set_zero_linger().ok();
}

/// One direction.
async fn pass(
    (mut from, mut to): (OwnedReadHalf, OwnedWriteHalf),
    end: End,
    mut line: watch::Receiver<Line>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            broken = broken(&mut line) => {
                if broken == Line::HalfOpen {
                    return half_open(from, to, end).await;
                }
                break;
            }
        };
        if count == 0 {
            return;
        }
        loop {
            let now = *line.borrow_and_update();
            match now {
                Line::Good => break,
                Line::Slow(by) => {
                    tokio::time::sleep(by).await;
                    break;
                }
                Line::Cut => {
                    reset(to.as_ref());
                    return;
                }
                Line::HalfOpen => return half_open(from, to, end).await,
                // What was on its way is passed on when the line is good again.
                Line::Silent => {
                    if line.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    reset(to.as_ref());
}

/// Where a way begins.
#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
}

/// Lets the server's half go and keeps the client's.
async fn half_open(from: OwnedReadHalf, to: OwnedWriteHalf, end: End) {
    let _kept = match end {
        End::Client => (Some(from), None),
        End::Server => (None, Some(to)),
    };
    std::future::pending::<()>().await;
}

async fn broken(line: &mut watch::Receiver<Line>) -> Line {
    let broken = line.wait_for(|line| [Line::Cut, Line::HalfOpen].contains(line));
    // The proxy ends with its sender; then this line ends as well.
    broken.await.map_or(Line::Cut, |line| *line)
}
