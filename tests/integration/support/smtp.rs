//! A small mail server that speaks the real protocol: EHLO, STARTTLS (required), AUTH PLAIN and LOGIN
//! (required), MAIL, RCPT, DATA with dots undone; and that can be told to refuse or to hang up.

use super::tls::Identity;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What to answer instead of taking a mail.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// This line after RCPT.
    AtRecipient(&'static str),
    /// This line after the final dot.
    AtEnd(&'static str),
    /// The mail is taken, but the line breaks before the answer.
    HangUpAfterDot,
}

#[derive(Default)]
struct State {
    received: Vec<String>,
    envelopes: Vec<(String, Vec<String>)>,
    script: VecDeque<Answer>,
}

/// The server; ends with the value.
pub(crate) struct TestSmtp {
    port: u16,
    state: Arc<Mutex<State>>,
    identity: Identity,
    tasks: Option<JoinSet<()>>,
}

pub(crate) const USER: &str = "rollbook";
pub(crate) const SECRET: &str = "smtp secret";

impl TestSmtp {
    /// Listens on a free port of loopback.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let identity = Identity::new();
        let mut server = Self {
            port,
            state: Arc::default(),
            identity,
            tasks: None,
        };
        server.listen(listener);
        server
    }

    fn listen(&mut self, listener: TcpListener) {
        let (state, tls) = (Arc::clone(&self.state), self.identity.acceptor.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                conversations.spawn(converse(stream, tls.clone(), Arc::clone(&state)));
            }
        });
        self.tasks = Some(tasks);
    }

    /// Goes away: connections are refused from now on.
    pub(crate) async fn stop(&mut self) {
        if let Some(mut tasks) = self.tasks.take() {
            tasks.shutdown().await;
        }
    }

    /// Comes back on the same port.
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.listen(listener);
    }

    /// With the right user and password, STARTTLS required.
    pub(crate) fn url(&self) -> String {
        format!(
            "smtp://{USER}:{}@localhost:{}?tls=required",
            SECRET.replace(' ', "%20"),
            self.port
        )
    }

    /// The authority of its certificate.
    pub(crate) fn root_cert(&self) -> PathBuf {
        self.identity.root_cert()
    }

    /// The next mails meet these answers, one each.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().script.extend(answers);
    }

    /// The mails so far, as they came over the wire.
    pub(crate) fn received(&self) -> Vec<String> {
        self.state.lock().unwrap().received.clone()
    }

    /// Sender and recipients of each.
    pub(crate) fn envelopes(&self) -> Vec<(String, Vec<String>)> {
        self.state.lock().unwrap().envelopes.clone()
    }
}

async fn converse(stream: TcpStream, tls: TlsAcceptor, state: Arc<Mutex<State>>) {
    let mut plain = BufReader::new(stream);
    if plain.write_all(b"220 localhost ready\r\n").await.is_err() {
        return;
    }
    loop {
        let Some(line) = line(&mut plain).await else {
            return;
        };
        let answer: &[u8] = match word(&line).as_str() {
            "EHLO" => b"250-localhost\r\n250 STARTTLS\r\n",
            "STARTTLS" => {
                plain.write_all(b"220 go ahead\r\n").await.ok();
                break;
            }
            "QUIT" => return,
            _ => b"530 5.7.0 Must issue a STARTTLS command first\r\n",
        };
        if plain.write_all(answer).await.is_err() {
            return;
        }
    }
    if let Ok(secured) = tls.accept(plain.into_inner()).await {
        session(BufReader::new(secured), state).await;
    }
}

async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    state: Arc<Mutex<State>>,
) {
    let mut signed_in = false;
    let mut envelope = (String::new(), Vec::new());
    let mut planned: Option<Answer> = None;
    while let Some(said) = line(&mut stream).await {
        let answer = match word(&said).as_str() {
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
            "AUTH" => {
                signed_in = credentials(&mut stream, &said).await
                    == Some((USER.to_owned(), SECRET.to_owned()));
                if signed_in {
                    "235 2.7.0 welcome"
                } else {
                    "535 5.7.8 wrong user or password"
                }
                .to_owned()
            }
            "NOOP" | "RSET" => "250 ok".to_owned(),
            "QUIT" => return,
            _ if !signed_in => "530 5.7.0 Authentication required".to_owned(),
            "MAIL" => {
                planned = state.lock().unwrap().script.pop_front();
                envelope = (said.clone(), Vec::new());
                "250 ok".to_owned()
            }
            "RCPT" => {
                envelope.1.push(said.clone());
                match &planned {
                    Some(Answer::AtRecipient(refusal)) => (*refusal).to_owned(),
                    _ => "250 ok".to_owned(),
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok();
                let Some(mail) = data(&mut stream).await else {
                    return;
                };
                if let Some(Answer::AtEnd(refusal)) = &planned {
                    (*refusal).to_owned()
                } else {
                    let mut state = state.lock().unwrap();
                    state.received.push(mail);
                    state.envelopes.push(std::mem::take(&mut envelope));
                    "250 2.0.0 queued as TEST".to_owned()
                }
            }
            _ => "502 5.5.1 what?".to_owned(),
        };
        if matches!(planned, Some(Answer::HangUpAfterDot)) && answer.starts_with("250 2.0.0") {
            return;
        }
        if stream
            .write_all(format!("{answer}\r\n").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn credentials<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    said: &str,
) -> Option<(String, String)> {
    let decode = |text: &str| String::from_utf8(STANDARD.decode(text).ok()?).ok();
    let mut words = said.split_whitespace().skip(1);
    if words.next()?.eq_ignore_ascii_case("PLAIN") {
        let whole = decode(words.next()?)?;
        let mut parts = whole.split('\0').skip(1).map(str::to_owned);
        return Some((parts.next()?, parts.next()?));
    }
    let mut ask = Vec::new();
    for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
        stream.write_all(prompt.as_bytes()).await.ok()?;
        ask.push(decode(&line(stream).await?)?);
    }
    Some((ask.first()?.clone(), ask.get(1)?.clone()))
}

async fn data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        mail.push_str("\r\n");
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

fn word(line: &str) -> String {
    line.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_uppercase()
}
