//! Which database role the program runs as, and what `doctor` says about it.

use crate::support::program::Installation;
use serde_json::Value;

fn about_role(installation: &Installation) -> Value {
    let checks = installation.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&checks.out).unwrap();
    let found = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["check"] == "database role");
    found.unwrap().clone()
}

fn fresh(word: &str) -> String {
    format!("{word}_{}", uuid::Uuid::new_v4().simple())
}

#[tokio::test]
async fn doctor_warns_of_a_login_that_sees_past_the_wall_and_of_no_other() {
    let mut installation = Installation::with_account("Acme", "ada@acme.example").await;
    let strong = about_role(&installation);
    assert_eq!(strong["state"], "warn", "{strong}");
    assert!(
        strong["found"]
            .as_str()
            .unwrap()
            .contains("row-level security"),
        "{strong}"
    );
    let login = fresh("login");
    let client = installation.db.client().await;
    let sql = format!("CREATE ROLE {login} LOGIN IN ROLE rollbook_app");
    client.batch_execute(&sql).await.unwrap();
    installation.set("ROLLBOOK_DATABASE__URL", &installation.db.dsn_as(&login));
    let weak = about_role(&installation);
    assert_eq!(weak["state"], "ok", "{weak}");
    // And everything works as that role, also what only looks for something to migrate.
    for args in [
        &["member", "list"][..],
        &["migrate"],
        &["account", "list"],
        &["audit", "verify"],
    ] {
        let ran = installation.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    }
    client
        .batch_execute(&format!("DROP ROLE {login}"))
        .await
        .unwrap();
}

/// An owner of the database who may make no roles: it works, and doctor says what is missing.
#[tokio::test]
async fn without_the_applications_role_it_works_and_doctor_says_so() {
    let mut installation = Installation::unmigrated().await;
    let owner = fresh("owner");
    let client = installation.db.client().await;
    let sql = format!("CREATE ROLE {owner} LOGIN; GRANT ALL ON SCHEMA public TO {owner};
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO {owner}', current_database()); END $$");
    client.batch_execute(&sql).await.unwrap();
    installation.set("ROLLBOOK_DATABASE__URL", &installation.db.dsn_as(&owner));
    let setup = [
        "setup",
        "--account",
        "Acme",
        "--owner",
        "ada@acme.example",
        "--password-stdin",
    ];
    let ran = installation.run_with(&setup, "tangerine gravel orbit\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let found = about_role(&installation);
    assert_eq!(found["state"], "warn", "{found}");
    assert!(
        found["mend"].as_str().unwrap().contains("rollbook_app"),
        "{found}"
    );
    // Whoever runs the server mends it as it says.
    let mend = format!("GRANT rollbook_app TO {owner}");
    client.batch_execute(&mend).await.unwrap();
    assert_eq!(installation.run(&["migrate"]).code, 0);
    let sql = "SELECT 1";
    client.batch_execute(sql).await.unwrap();
    let mended = about_role(&installation);
    assert!(
        mended["found"]
            .as_str()
            .unwrap()
            .starts_with("rollbook_app"),
        "{mended}"
    );
}

/// The owner's credentials for the schema alone.
#[tokio::test]
async fn the_schema_is_the_owners_and_everything_else_the_applications() {
    let mut installation = Installation::unmigrated().await;
    let login = fresh("login");
    let client = installation.db.client().await;
    // The role is there from the other tests' server, or is made here.
    let role = "DO $$ BEGIN CREATE ROLE rollbook_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    client.batch_execute(role).await.unwrap();
    let owner = fresh("owner");
    let sql = format!(
        "CREATE ROLE {login} LOGIN IN ROLE rollbook_app;
         CREATE ROLE {owner} LOGIN IN ROLE rollbook_app;
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO {owner}', current_database()); END $$"
    );
    client.batch_execute(&sql).await.unwrap();
    installation.set("ROLLBOOK_DATABASE__URL", &installation.db.dsn_as(&login));
    let refused = installation.run(&["migrate"]);
    assert_eq!(refused.code, 6, "{}", refused.err);
    assert!(
        refused.err.contains("database.owner_url"),
        "{}",
        refused.err
    );
    let dsn = installation.db.dsn_as(&owner);
    installation.set("ROLLBOOK_DATABASE__OWNER_URL", &dsn);
    let setup = [
        "setup",
        "--account",
        "Acme",
        "--owner",
        "ada@acme.example",
        "--password-stdin",
    ];
    let ran = installation.run_with(&setup, "tangerine gravel orbit\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(about_role(&installation)["state"], "ok");
}
