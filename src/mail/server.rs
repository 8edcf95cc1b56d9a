//! The mail server that the settings name, and a way in to it: TCP without Nagle's delay, TLS as the URL
//! asks for it, EHLO, AUTH.
//!
//! The URL is lettre's (`smtp://user:password@host:port/ehlo-name?tls=required`), its default ports too.

use super::{
    MailError,
    conversation::{Conversation, STEP, Trouble, in_time},
    line::Line,
    words,
};
use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters},
    commands::Ehlo,
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use secrecy::{ExposeSecret, SecretString};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long one of the server's addresses may take to answer.
const DIAL: Duration = Duration::from_secs(10);

/// Where mails are handed over, and how.
pub(super) struct Server {
    host: String,
    port: u16,
    security: Security,
    hello: ClientId,
    credentials: Option<Credentials>,
}

enum Security {
    /// For a relay on this machine.
    None,
    /// STARTTLS where it is offered.
    Opportunistic(TlsParameters),
    /// STARTTLS, or no mail.
    Required(TlsParameters),
    /// TLS from the first byte.
    Wrapped(TlsConnector, ServerName<'static>),
}

impl Server {
    /// Reads the URL.
    ///
    /// # Errors
    /// [`MailError`] names the setting.
    pub(super) fn new(url: &SecretString, root_cert: Option<&Path>) -> Result<Self, MailError> {
        let unreadable = |reason: &dyn std::fmt::Display| MailError::Url(reason.to_string());
        let url = Url::parse(url.expose_secret()).map_err(|error| unreadable(&error))?;
        let host = url
            .host_str()
            .ok_or_else(|| unreadable(&"it names no host"))?;
        let host = host.trim_matches(['[', ']']);
        let root = root_cert.map(Root::read).transpose()?;
        let tls = url.query_pairs().find(|(key, _)| key == "tls");
        let tls = tls.map(|(_, value)| value.into_owned());
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (Security::None, SMTP_PORT),
            ("smtp", Some("opportunistic")) => (
                Security::Opportunistic(starttls(host, root)?),
                SUBMISSION_PORT,
            ),
            ("smtp", Some("required")) => {
                (Security::Required(starttls(host, root)?), SUBMISSION_PORT)
            }
            ("smtps", _) => (wrapped(host, root)?, SUBMISSIONS_PORT),
            ("smtp", Some(_)) => return Err(unreadable(&"tls is required or opportunistic")),
            _ => return Err(unreadable(&"it starts with smtp:// or smtps://")),
        };
        let name = url.path().trim_matches('/');
        let hello = (!name.is_empty()).then(|| ClientId::Domain(name.to_owned()));
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            security,
            hello: hello.unwrap_or_default(),
            credentials: credentials(&url)?,
        })
    }

    /// Ready for a mail.
    ///
    /// # Errors
    /// [`Trouble`] that says nothing against any mail, also where the server refuses for good.
    pub(super) async fn connect(&self) -> Result<Conversation, Trouble> {
        self.enter().await.map_err(Trouble::at_the_door)
    }

    async fn enter(&self) -> Result<Conversation, Trouble> {
        let stream = self.stream().await?;
        let hello = &self.hello;
        let mut connection =
            in_time(AsyncSmtpConnection::connect_with_transport(stream, hello)).await?;
        match &self.security {
            Security::Required(tls) => {
                in_time(connection.starttls(tls.clone(), hello)).await?;
            }
            Security::Opportunistic(tls) if connection.can_starttls() => {
                in_time(connection.starttls(tls.clone(), hello)).await?;
            }
            _ => {}
        }
        // lettre keeps only the extensions that it uses itself, so the server is asked once more.
        let offers = in_time(connection.command(Ehlo::new(hello.clone()))).await?;
        let pipelining = offers
            .message()
            .any(|word| word.eq_ignore_ascii_case("PIPELINING"));
        if let Some(credentials) = &self.credentials {
            in_time(connection.auth(DEFAULT_MECHANISMS, credentials)).await?;
        }
        Ok(Conversation::new(connection, pipelining))
    }

    async fn stream(&self) -> Result<Box<dyn AsyncTokioStream>, Trouble> {
        let stream = self.dial().await?;
        let peer = stream
            .peer_addr()
            .map_err(|error| Trouble::broken(&error))?;
        let Security::Wrapped(tls, name) = &self.security else {
            return Ok(Box::new(Line::new(stream, peer)));
        };
        match tokio::time::timeout(STEP, tls.connect(name.clone(), stream)).await {
            Ok(Ok(secured)) => Ok(Box::new(Line::new(secured, peer))),
            Ok(Err(error)) => Err(Trouble::broken(&error)),
            Err(_elapsed) => Err(Trouble::silent()),
        }
    }

    /// The first of the server's addresses that answers.
    async fn dial(&self) -> Result<TcpStream, Trouble> {
        let place = (self.host.as_str(), self.port);
        let addresses = tokio::time::timeout(DIAL, tokio::net::lookup_host(place)).await;
        let addresses = addresses
            .map_err(|_elapsed| Trouble::silent())?
            .map_err(|error| Trouble::broken(&error))?;
        let mut trouble = Trouble::broken(&"the name has no address");
        for address in addresses {
            match tokio::time::timeout(DIAL, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Each write is a whole step of the dialogue; there is nothing to wait for.
                    stream.set_nodelay(true).ok();
                    return Ok(stream);
                }
                Ok(Err(error)) => trouble = Trouble::broken(&error),
                Err(_elapsed) => trouble = Trouble::silent(),
            }
        }
        Err(trouble)
    }
}

/// User and password from the URL.
fn credentials(url: &Url) -> Result<Option<Credentials>, MailError> {
    let plain = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded
            .map(std::borrow::Cow::into_owned)
            .map_err(|_not_utf8| MailError::Url("user or password is no UTF-8".to_owned()))
    };
    let Some(password) = url.password() else {
        return Ok(None);
    };
    Ok(Some(Credentials::new(
        plain(url.username())?,
        plain(password)?,
    )))
}

/// A PEM file with an authority that the system does not know.
struct Root {
    path: String,
    pem: Vec<u8>,
}

impl Root {
    fn read(path: &Path) -> Result<Self, MailError> {
        let shown = path.display().to_string();
        match std::fs::read(path) {
            Ok(pem) => Ok(Self { path: shown, pem }),
            Err(error) => Err(MailError::Root {
                path: shown,
                reason: error.to_string(),
            }),
        }
    }

    fn fault(&self, reason: &dyn std::fmt::Display) -> MailError {
        MailError::Root {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }
}

/// What lettre needs for STARTTLS.
fn starttls(host: &str, root: Option<Root>) -> Result<TlsParameters, MailError> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(root) = root {
        let authority =
            Certificate::from_pem(&root.pem).map_err(|error| root.fault(&words(&error)))?;
        tls = tls.add_root_certificate(authority);
    }
    tls.build_rustls()
        .map_err(|error| MailError::Url(words(&error)))
}

/// TLS before the server's greeting; lettre offers that only over a socket that it opens itself.
fn wrapped(host: &str, root: Option<Root>) -> Result<Security, MailError> {
    let unusable = |error: &dyn std::fmt::Display| MailError::Url(error.to_string());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(root) = root {
        for authority in CertificateDer::pem_slice_iter(&root.pem) {
            let authority = authority.map_err(|error| root.fault(&error))?;
            roots.add(authority).map_err(|error| root.fault(&error))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| unusable(&error))?;
    Ok(Security::Wrapped(
        TlsConnector::from(Arc::new(config)),
        name,
    ))
}
