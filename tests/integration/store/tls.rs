//! Connection strings at work: libpq's TLS modes against a server behind TLS, and several hosts.

use crate::support::{TestDb, tls::Identity};
use rollbook::store::{dsn::ConnectPlan, local::LocalServer};
use std::path::PathBuf;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// The socket of the private server in a connection string, and what follows it.
fn socket_of(dsn: &str) -> (PathBuf, &str) {
    let (host, rest) = dsn
        .strip_prefix("host='")
        .unwrap()
        .split_once('\'')
        .unwrap();
    (PathBuf::from(host).join(".s.PGSQL.5432"), rest)
}

/// A TCP front of a test's database: answers `SSLRequest` (PostgreSQL manual, 55.2.10) with a
/// certificate for `localhost`, or declines it.
struct Front {
    port: u16,
    identity: Identity,
    _tasks: JoinSet<()>,
}

impl Front {
    async fn start(db: &TestDb, tls: bool) -> Self {
        let identity = Identity::new();
        let acceptor = tls.then(|| identity.acceptor.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = socket_of(&db.dsn()).0;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(relay(stream, acceptor.clone(), socket.clone()));
            }
        });
        Self {
            port,
            identity,
            _tasks: tasks,
        }
    }

    /// Whether a connection with these options comes about, and whether it is encrypted.
    async fn connects(&self, db: &TestDb, host: &str, options: &str) -> Result<(), String> {
        let dsn = db.dsn();
        let dsn = format!(
            "host={host} port={}{} {options}",
            self.port,
            socket_of(&dsn).1
        );
        let plan = ConnectPlan::parse(&dsn).map_err(|error| error.to_string())?;
        let store = plan.store(1, None).map_err(|error| error.to_string())?;
        store.ping().await.map_err(|error| error.to_string())
    }
}

async fn relay(mut stream: TcpStream, acceptor: Option<TlsAcceptor>, socket: PathBuf) {
    let mut server = UnixStream::connect(socket).await.unwrap();
    let mut first = [0_u8; 8];
    if stream.read_exact(&mut first).await.is_err() {
        return;
    }
    // The request code of SSLRequest.
    let asks = first[4..] == 80_877_103_u32.to_be_bytes();
    // Whoever hangs up meanwhile is gone; the test sees its own side.
    match (asks, acceptor) {
        (true, Some(acceptor)) => {
            stream.write_all(b"S").await.ok();
            if let Ok(mut secured) = acceptor.accept(stream).await {
                copy_bidirectional(&mut secured, &mut server).await.ok();
            }
        }
        (true, None) => {
            stream.write_all(b"N").await.ok();
            copy_bidirectional(&mut stream, &mut server).await.ok();
        }
        (false, _) => {
            server.write_all(&first).await.ok();
            copy_bidirectional(&mut stream, &mut server).await.ok();
        }
    }
}

#[tokio::test]
async fn tls_modes_behave_as_libpqs() {
    let db = TestDb::new().await;
    let secured = Front::start(&db, true).await;
    let plain = Front::start(&db, false).await;
    let ours = format!("sslrootcert='{}'", secured.identity.root_cert().display());
    let other = format!("sslrootcert='{}'", plain.identity.root_cert().display());
    for (mode, root, host, with_tls, without) in [
        ("disable", "", "localhost", true, true),
        ("prefer", "", "127.0.0.1", true, true),
        ("require", "", "127.0.0.1", true, false),
        ("require", other.as_str(), "localhost", false, false),
        ("verify-ca", ours.as_str(), "127.0.0.1", true, false),
        ("verify-ca", other.as_str(), "localhost", false, false),
        ("verify-full", ours.as_str(), "localhost", true, false),
        ("verify-full", ours.as_str(), "127.0.0.1", false, false),
        ("verify-full", other.as_str(), "localhost", false, false),
    ] {
        let options = format!("sslmode={mode} {root}");
        let found = secured.connects(&db, host, &options).await;
        assert_eq!(
            found.is_ok(),
            with_tls,
            "{options} at {host}, TLS offered: {found:?}"
        );
        let found = plain.connects(&db, host, &options).await;
        assert_eq!(
            found.is_ok(),
            without,
            "{options} at {host}, no TLS: {found:?}"
        );
    }
}

#[tokio::test]
async fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let db = TestDb::new().await;
    let standby = LocalServer::throw_away().await.unwrap();
    let (client, connection) =
        tokio_postgres::connect(&standby.dsn("postgres"), tokio_postgres::NoTls)
            .await
            .unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let readonly = "ALTER SYSTEM SET default_transaction_read_only = on";
    client.batch_execute(readonly).await.unwrap();
    client
        .batch_execute("SELECT pg_reload_conf()")
        .await
        .unwrap();
    let folder = |dsn: &str| socket_of(dsn).0.parent().unwrap().display().to_string();
    let (dead, second, third) = (
        "/nowhere-at-all".to_owned(),
        folder(&standby.dsn("postgres")),
        folder(&db.dsn()),
    );
    let dsn = format!(
        "host={dead},{second},{third} user=rollbook dbname=postgres target_session_attrs=read-write"
    );
    let store = ConnectPlan::parse(&dsn).unwrap().store(1, None).unwrap();
    let mut connection = store.connect().await.unwrap();
    // Which server it is, by the number that initdb gave it.
    let sql = "SELECT system_identifier FROM pg_control_system()";
    let used: i64 = connection
        .client_mut()
        .unwrap()
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0);
    let wanted: i64 = db.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(used, wanted);
    drop(connection);
    standby.stop().await;
}
