//! A small mail server that speaks the real protocol: EHLO, STARTTLS (required) or TLS from the first byte,
//! AUTH PLAIN and LOGIN (required), MAIL, RCPT, DATA with dots undone, PIPELINING when told to; and that can
//! be told to refuse or to hang up.

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
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What to answer instead of taking a mail.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Nothing special.
    Take,
    /// This line after MAIL; the connection ends with it where it begins with 421.
    AtSender(&'static str),
    /// This line after RCPT.
    AtRecipient(&'static str),
    /// This line after RCPT, and then the content is waited for as if there were a recipient.
    AtRecipientAndGoOn(&'static str),
    /// This line after the final dot.
    AtEnd(&'static str),
    /// The mail is taken, but the line breaks before the answer.
    HangUpAfterDot,
}

/// A step of a delivery, before the server's answer to it; the last one after the answer to the dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Connected,
    Greeted,
    Mail,
    Recipient,
    Data,
    Dot,
    Taken,
}

impl Stage {
    fn of(said: &str) -> Option<Self> {
        Some(match word(said).as_str() {
            "EHLO" => Self::Greeted,
            "MAIL" => Self::Mail,
            "RCPT" => Self::Recipient,
            "DATA" => Self::Data,
            _ => return None,
        })
    }
}

/// A step that was reached, the client's port, and what lets the conversation go on.
pub(crate) type Reached = (Stage, u16, oneshot::Sender<()>);

/// What the server does until it is told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// TLS from the first byte, instead of STARTTLS.
    pub(crate) wrapped: bool,
    /// PIPELINING is offered.
    pub(crate) pipelining: bool,
}

#[derive(Default)]
struct State {
    manner: Manner,
    said: Vec<String>,
    at_once: usize,
    connections: usize,
    hang_up: Arc<Notify>,
    watcher: Option<mpsc::UnboundedSender<Reached>>,
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
            let hang_up = Arc::clone(&state.lock().unwrap().hang_up);
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { return };
                        state.lock().unwrap().connections += 1;
                        conversations.spawn(converse(stream, tls.clone(), Arc::clone(&state)));
                    }
                    () = hang_up.notified() => conversations.shutdown().await,
                }
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

    /// The same with TLS from the first byte; see [`Manner::wrapped`].
    pub(crate) fn wrapped_url(&self) -> String {
        let url = self.url().replace("smtp://", "smtps://");
        url.replace("?tls=required", "")
    }

    /// Behaves so from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// Ends all conversations without a word, as servers do that find them idle.
    pub(crate) fn hang_up(&self) {
        self.state.lock().unwrap().hang_up.notify_one();
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// The commands so far, without those before TLS and without contents.
    pub(crate) fn said(&self) -> Vec<String> {
        self.state.lock().unwrap().said.clone()
    }

    /// How many commands came before the one before was answered.
    pub(crate) fn at_once(&self) -> usize {
        self.state.lock().unwrap().at_once
    }

    /// The authority of its certificate.
    pub(crate) fn root_cert(&self) -> PathBuf {
        self.identity.root_cert()
    }

    /// The next mails meet these answers, one each.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().script.extend(answers);
    }

    /// Each step from now on, which waits until it is let go; dropped, nothing waits any more.
    pub(crate) fn stages(&self) -> mpsc::UnboundedReceiver<Reached> {
        let (sender, stages) = mpsc::unbounded_channel();
        self.state.lock().unwrap().watcher = Some(sender);
        stages
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

/// Lets a watcher look before the conversation goes on.
async fn reached(step: Stage, port: u16, state: &Mutex<State>) {
    let (go_on, gone) = oneshot::channel();
    let told = {
        let held = state.lock().unwrap();
        let watcher = held.watcher.as_ref();
        watcher.is_some_and(|watcher| watcher.send((step, port, go_on)).is_ok())
    };
    if told {
        // A watcher that went away lets everything go on.
        gone.await.ok();
    }
}

async fn converse(stream: TcpStream, tls: TlsAcceptor, state: Arc<Mutex<State>>) {
    let port = stream.peer_addr().map_or(0, |peer| peer.port());
    reached(Stage::Connected, port, &state).await;
    if state.lock().unwrap().manner.wrapped {
        if let Ok(mut secured) = tls.accept(stream).await {
            secured.write_all(b"220 localhost ready\r\n").await.ok();
            session(BufReader::new(secured), port, state).await;
        }
        return;
    }
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
        session(BufReader::new(secured), port, state).await;
    }
}

async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    port: u16,
    state: Arc<Mutex<State>>,
) {
    let mut signed_in = false;
    let mut envelope = (String::new(), Vec::new());
    let mut planned: Option<Answer> = None;
    while let Some(said) = line(&mut stream).await {
        if let Some(step) = Stage::of(&said) {
            reached(step, port, &state).await;
        }
        heard(&said, !stream.buffer().is_empty(), &state);
        let answer = match word(&said).as_str() {
            "EHLO" => offers(&state),
            "AUTH" => {
                let wanted = (USER.to_owned(), SECRET.to_owned());
                signed_in = credentials(&mut stream, &said).await == Some(wanted);
                welcome(signed_in).to_owned()
            }
            "NOOP" | "RSET" => "250 ok".to_owned(),
            "QUIT" => return,
            _ if !signed_in => "530 5.7.0 Authentication required".to_owned(),
            "MAIL" => {
                planned = state.lock().unwrap().script.pop_front();
                envelope = (said.clone(), Vec::new());
                refusal(&said, planned.as_ref())
                    .unwrap_or("250 ok")
                    .to_owned()
            }
            "RCPT" => {
                let refusal = refusal(&said, planned.as_ref());
                if refusal.is_none() {
                    envelope.1.push(said.clone());
                }
                refusal.unwrap_or("250 ok").to_owned()
            }
            "DATA" if nobody(&envelope.1, planned.as_ref()) => {
                "554 5.5.1 No valid recipients".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok();
                let Some(mail) = data(&mut stream).await else {
                    return;
                };
                reached(Stage::Dot, port, &state).await;
                taken(mail, std::mem::take(&mut envelope), (&planned, &state))
            }
            _ => "502 5.5.1 what?".to_owned(),
        };
        let took = answer.starts_with("250 2.0.0");
        if took && matches!(planned, Some(Answer::HangUpAfterDot)) {
            return;
        }
        let written = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        if written.is_err() || answer.starts_with("421") {
            return;
        }
        if took {
            reached(Stage::Taken, port, &state).await;
        }
    }
}

fn welcome(signed_in: bool) -> &'static str {
    if signed_in {
        "235 2.7.0 welcome"
    } else {
        "535 5.7.8 wrong user or password"
    }
}

/// What is said against a sender or a recipient.
fn refusal(said: &str, planned: Option<&Answer>) -> Option<&'static str> {
    match (word(said).as_str(), planned?) {
        ("MAIL", Answer::AtSender(refusal))
        | ("RCPT", Answer::AtRecipient(refusal) | Answer::AtRecipientAndGoOn(refusal)) => {
            Some(refusal)
        }
        ("RCPT", Answer::AtSender(_)) => Some("503 5.5.1 MAIL first"),
        _ => None,
    }
}

/// Whether a content would be for nobody, and the server minds.
fn nobody(recipients: &[String], planned: Option<&Answer>) -> bool {
    recipients.is_empty() && !matches!(planned, Some(Answer::AtRecipientAndGoOn(_)))
}

fn heard(said: &str, more: bool, state: &Mutex<State>) {
    let mut held = state.lock().unwrap();
    held.said.push(said.to_owned());
    held.at_once += usize::from(more);
}

fn offers(state: &Mutex<State>) -> String {
    let pipelining = if state.lock().unwrap().manner.pipelining {
        "250-PIPELINING\r\n"
    } else {
        ""
    };
    format!("250-localhost\r\n{pipelining}250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
}

/// The answer to the dot.
fn taken(
    mail: String,
    envelope: (String, Vec<String>),
    (planned, state): (&Option<Answer>, &Mutex<State>),
) -> String {
    if let Some(Answer::AtEnd(refusal)) = planned {
        return (*refusal).to_owned();
    }
    let mut held = state.lock().unwrap();
    held.received.push(mail);
    held.envelopes.push(envelope);
    "250 2.0.0 queued as TEST".to_owned()
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
