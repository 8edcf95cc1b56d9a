//! `rollbook demo`: the console on sample data, in a throw-away database that vanishes at the end.

use super::args::{DemoArgs, Global};
use super::background::{Background, web_settings};
use super::console::{Looks, log_to_file, needs_a_terminal};
use super::database::app_store;
use super::failure::{Failure, Outcome};
use super::terminal;
use super::wiring::Configured;
use crate::domain::{AccountId, Actor, Email, Grant, PermissionSet};
use crate::mail::{MailConfig, Mailer};
use crate::service::{Limits, SendInvitation, Service, ServiceError, Write};
use crate::store::{StoreError, demo, dsn::ConnectPlan, local::LocalServer, migrate, roles};
use crate::ui;
use crate::ui::model::{Opening, Start};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use url::Url;

/// Who is signed in to the demo.
const OWNER: &str = "ada@lovelace.example";
/// The account that is shown; the other one is for switching.
const ACCOUNT: &str = "Lovelace Mills";
/// Everybody's password in the demo, so that acceptance can be tried too.
const PASSWORD: &str = "demo of the difference engine";
const INVITED: [(&str, &[&str]); 8] = [
    ("charles@babbage.example", &["products.view"]),
    (
        "annabella@byron.example",
        &["invoices.pay", "quotes.accept"],
    ),
    ("nobody@nowhere.example", &["tickets.open"]),
    ("mary@somerville.example", &[]),
    ("luigi@menabrea.example", &["domains.manage"]),
    (
        "augustus@demorgan.example",
        &["products.manage", "domains.view"],
    ),
    ("william@king.example", &["emails.view"]),
    ("woronzow@greig.example", &[]),
];

/// Makes the sample data and opens the console on it.
///
/// # Errors
/// [`Failure::Unreachable`] without PostgreSQL's programs; what the console says.
pub async fn run(args: &DemoArgs, global: &Global) -> Outcome {
    needs_a_terminal()?;
    let mut configured = Configured::load(&Global {
        config: None,
        ..global.clone()
    })?;
    log_to_file(&configured);
    let server = LocalServer::throw_away().await?;
    let done = on(&server, args, (&mut configured, global)).await;
    server.stop().await;
    done
}

async fn on(
    server: &LocalServer,
    args: &DemoArgs,
    (configured, global): (&mut Configured, &Global),
) -> Outcome {
    let machine = |error: std::io::Error| Failure::machine("Can't serve the demo's pages", &error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(machine)?;
    let base: Option<Url> = Url::parse(&format!(
        "http://{}",
        listener.local_addr().map_err(machine)?
    ))
    .ok();
    let folder = std::env::temp_dir().join(format!("rollbook-demo-{}", std::process::id()));
    configured.base_url.clone_from(&base);
    configured.settings.mail.smtp_url = None;
    configured.settings.mail.folder = Some(folder.clone());
    configured.settings.secrets.token_key_file = Some(folder.join("token.key"));
    server
        .ensure_database("rollbook")
        .await
        .map_err(|error| Failure::Unreachable(error.to_string()))?;
    let service = filled(configured, &server.dsn("rollbook"), args).await?;
    let pages = base.map(|base| (listener, web_settings(configured, base)));
    let background = Background::start(&service, mailer(&folder)?, pages);
    let looks = Looks::of(configured, global)?;
    let opening = Opening {
        start: Start::Credentials { email: OWNER.to_owned(), password: SecretString::from(PASSWORD) },
        account: Some(ACCOUNT.to_owned()),
        notices: vec![format!("Sample data; everybody's password is “{PASSWORD}”. All of it vanishes when you leave.").into()],
    };
    let connect = Arc::new(move || {
        let service = service.clone();
        Box::pin(async move { Ok(service) }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    });
    let ended = ui::run(looks.console(configured, (connect, opening, None))).await;
    background.finish().await;
    std::fs::remove_dir_all(&folder).ok();
    ended.map_err(|error| Failure::Machine(error.to_string()))
}

fn mailer(folder: &std::path::Path) -> Outcome<Mailer> {
    let config = MailConfig {
        smtp_url: None,
        from: "Rollbook <demo@lovelace.example>".to_owned(),
        reply_to: None,
        subject: "You are invited to {account}".to_owned(),
        root_cert: None,
        folder: PathBuf::from(folder),
        connections: 1,
        rate: 0.0,
    };
    Mailer::new(&config).map_err(|error| Failure::Usage(error.to_string()))
}

/// A service on a database with the sample data.
async fn filled(configured: &Configured, dsn: &str, args: &DemoArgs) -> Outcome<Service> {
    let known = |error: StoreError| Failure::from(ServiceError::from(error));
    let usage = |error: crate::store::dsn::DsnError| Failure::Usage(error.to_string());
    let plan = ConnectPlan::parse(dsn).map_err(usage)?;
    let connection = plan.connect().await.map_err(usage)?;
    let mut connection = connection.map_err(known)?;
    let db = connection.client_mut().map_err(known)?;
    migrate::run(db).await.map_err(known)?;
    let role = &configured.settings.database.app_role;
    roles::prepare(db, role).await.map_err(known)?;
    let store = app_store(&plan, &mut connection, &configured.settings).await?;
    let service = configured.service(store)?;
    let operator = Actor::operator(terminal::os_user(), terminal::origin());
    let owner = Email::parse(OWNER).map_err(|error| Failure::Usage(error.to_string()))?;
    let password = SecretString::from(PASSWORD);
    let mills = service
        .set_up(&operator, ACCOUNT, &owner, Some(&password))
        .await?;
    // One of them is the owner, who is there already.
    let others = i64::from(args.members.saturating_sub(1));
    demo::members(&connection, mills.account.id, mills.owner.id, others)
        .await
        .map_err(known)?;
    service
        .set_up(&operator, "Babbage Instruments", &owner, None)
        .await?;
    invite(&service, mills.account.id).await?;
    demo::deliveries(&connection, mills.account.id)
        .await
        .map_err(known)?;
    Ok(service)
}

async fn invite(service: &Service, account: AccountId) -> Outcome {
    let entry = super::caller::entry();
    let ada = service
        .sign_in(OWNER, &SecretString::from(PASSWORD), &entry)
        .await?;
    service.rename_myself(&ada.actor, "Ada Lovelace").await?;
    for (address, keys) in INVITED {
        let keys: PermissionSet = keys.iter().copied().collect();
        let grant = if keys.is_empty() {
            Grant::full()
        } else {
            Grant::custom(keys)
        };
        let email = Email::parse(address).map_err(|error| Failure::Usage(error.to_string()))?;
        let send = SendInvitation {
            email,
            grant,
            limits: Limits::Enforced,
        };
        service
            .send_invitation(&Write::new(&ada.actor, account), &send)
            .await?;
    }
    Ok(service.sign_out(&ada.actor).await?)
}
