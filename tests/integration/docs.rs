//! Generated parts of the documents are what the program says. `UPDATE_DOCS=1 cargo test docs::`
//! writes them anew.

use rollbook::ui::{action::Context, keymap::Keymap};
use std::{fs, path::Path};

const BEGIN: &str = "<!-- keys: made from the action table; a test compares -->\n";
const END: &str = "<!-- /keys -->";

#[test]
fn the_readmes_key_table_is_the_keymap() {
    let keymap = Keymap::parse(include_str!("../../config/keymap.toml")).unwrap();
    let mut table = String::from("| where | key | does |\n| --- | --- | --- |\n");
    for (context, rows) in keymap.table() {
        for (action, keys) in rows {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            let place = if context == Context::Global {
                "everywhere"
            } else {
                context.title()
            };
            let row = [place, &keys.join(" "), action.title()].join(" | ");
            table.extend(["| ", &row, " |\n"]);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        found == table,
        "README.md's key table is stale: UPDATE_DOCS=1 cargo test docs::"
    );
}
