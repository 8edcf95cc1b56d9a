//! Commands about what belongs to another account: the same bytes and the same exit code as about
//! what does not exist.

use crate::support::{PASSWORD, program::Installation};

/// The code and the bytes of a run, with the name of the thing taken out.
fn answer(installation: &Installation, args: &[&str], name: &str) -> (i32, String, String) {
    let args: Vec<&str> = args
        .iter()
        .map(|word| if *word == "IT" { name } else { *word })
        .collect();
    let ran = installation.run(&args);
    (
        ran.code,
        ran.out.replace(name, "IT"),
        ran.err.replace(name, "IT"),
    )
}

/// Commands about a member's address.
const MEMBER: [&[&str]; 7] = [
    &["member", "show", "IT"],
    &["member", "set", "IT", "--all"],
    &["member", "set", "IT", "--owner"],
    &["member", "grant", "IT", "products.view"],
    &["member", "revoke", "IT", "products.view"],
    &["member", "remove", "IT", "--yes"],
    &["member", "restore", "IT"],
];
/// Commands about an invitation's id.
const INVITATION: [&[&str]; 4] = [
    &["invite", "resend", "IT"],
    &["invite", "resend", "IT", "--show-link"],
    &["invite", "cancel", "IT", "--yes"],
    &["invite", "set", "IT", "--all"],
];
/// Commands about an account's name.
const ACCOUNT: [&[&str]; 2] = [
    &["--account", "IT", "member", "list"],
    &[
        "--account",
        "IT",
        "invite",
        "send",
        "x@example.com",
        "--all",
    ],
];

#[tokio::test]
async fn r06_foreign_names_and_ids_answer_like_missing_ones() {
    let mut installation = Installation::with_account("Acme", "ada@example.com").await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let zoo = [
        "account",
        "create",
        "Zoo",
        "--owner",
        "eve@example.com",
        "--password-stdin",
    ];
    assert_eq!(installation.run_with(&zoo, PASSWORD).code, 0);
    let invite = [
        "--account",
        "Zoo",
        "invite",
        "send",
        "guest@example.com",
        "--all",
        "--json",
    ];
    let sent = installation.run(&invite).json();
    let theirs = sent["id"].as_str().unwrap();
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let all = [
        (&MEMBER[..], "eve@example.com", "nil@example.com"),
        (&INVITATION[..], theirs, unknown),
        (&ACCOUNT[..], "Zoo", "Nix"),
    ];
    let commands = all.iter().flat_map(|(commands, foreign, missing)| {
        commands
            .iter()
            .map(|command| (*command, (*foreign, *missing)))
    });
    for (command, (foreign, missing)) in commands {
        for format in [None, Some("--json"), Some("--dry-run")] {
            let mut args = vec!["--as", "ada@example.com"];
            args.extend(command);
            args.extend(format);
            let found = answer(&installation, &args, foreign);
            assert_eq!(found, answer(&installation, &args, missing), "{args:?}");
            assert!([3, 4, 5].contains(&found.0), "{args:?} {found:?}");
            assert_eq!(found.1, "", "{args:?}");
        }
    }
}
