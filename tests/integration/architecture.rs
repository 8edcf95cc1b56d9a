//! The shape of `src/`: who may import whom, where SQL and colours may stand, how long a file may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A layer and what its files must never name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::store",
            "crate::service",
            "crate::mail",
            "crate::ui",
            "crate::web",
            "crate::cli",
            "crate::config",
            "crate::clock",
            "tokio",
            "deadpool",
            "ratatui",
            "crossterm",
            "axum",
            "lettre",
            "std::fs",
            "std::env",
            "now()",
        ],
    ),
    (
        "store",
        &[
            "crate::service",
            "crate::mail",
            "crate::ui",
            "crate::web",
            "crate::cli",
            "crate::config",
            "ratatui",
            "axum",
            "lettre",
        ],
    ),
    (
        "mail",
        &[
            "crate::store",
            "crate::service",
            "crate::ui",
            "crate::web",
            "crate::cli",
            "crate::config",
            "tokio_postgres",
            "deadpool",
            "ratatui",
            "axum",
        ],
    ),
    (
        "service",
        &[
            "crate::ui",
            "crate::web",
            "crate::cli",
            "crate::config",
            "ratatui",
            "crossterm",
            "axum",
            "clap",
        ],
    ),
    (
        "ui",
        &[
            "crate::store",
            "crate::mail",
            "crate::web",
            "crate::cli",
            "crate::config",
            "tokio_postgres",
            "deadpool",
            "lettre",
            "axum",
        ],
    ),
    (
        "web",
        &[
            "crate::store",
            "crate::mail",
            "crate::ui",
            "crate::cli",
            "crate::config",
            "ratatui",
            "tokio_postgres",
            "lettre",
        ],
    ),
    (
        "config",
        &[
            "crate::store",
            "crate::service",
            "crate::mail",
            "crate::ui",
            "crate::web",
            "crate::cli",
            "tokio",
        ],
    ),
];

/// The places in `ui` that may name the service.
const MAY_NAME_SERVICE: [&str; 2] = ["ui/effect/", "ui/runtime.rs"];

/// A file's lines of code: no comments, no blank lines, no tests.
const LONGEST: usize = 300;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without comments and without its tests, and its place below `src`.
fn code(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap();
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let code = code
        .split("#[cfg(test)]\npub(crate) mod tests")
        .next()
        .unwrap_or_default();
    let lines: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty())
        .collect();
    let place = path.strip_prefix(root()).unwrap().display().to_string();
    (place, lines.join("\n"))
}

#[test]
fn no_layer_is_jumped() {
    let mut faults = Vec::new();
    for (layer, forbidden) in FORBIDDEN {
        for path in files(&root().join(layer)) {
            let (place, code) = code(&path);
            for word in *forbidden {
                if code.contains(word) {
                    faults.push(format!("{place} names {word}"));
                }
            }
            if *layer == "ui"
                && code.contains("crate::service")
                && !MAY_NAME_SERVICE.iter().any(|may| place.starts_with(may))
            {
                faults.push(format!("{place} names the service"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    let sql = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"];
    for path in files(&root()) {
        let (place, code) = code(&path);
        let found = sql.iter().find(|word| code.contains(&format!("\"{word}")));
        assert!(
            place.starts_with("store/") || found.is_none(),
            "{place} holds {found:?}"
        );
    }
}

#[test]
fn colours_stand_only_in_the_theme() {
    for path in files(&root()) {
        let (place, code) = code(&path);
        assert!(
            place == "ui/theme.rs" || !code.contains("Color::"),
            "{place} names a colour"
        );
    }
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = files(&root())
        .iter()
        .map(|path| code(path))
        .filter(|(_, code)| code.lines().count() > LONGEST)
        .map(|(place, code)| format!("{place}: {} lines", code.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Use cases that do their work through others.
const THROUGH_OTHERS: [&str; 7] = [
    "deliver_next",
    "given_up",
    "run_outbox",
    "sign_in",
    "stop",
    "until_known",
    "watch",
];

#[test]
fn every_use_case_comes_in_through_the_registry() {
    let mut named = String::new();
    for path in files(&root().join("service")) {
        let (place, code) = code(&path);
        if place.ends_with("operation.rs") {
            continue;
        }
        for part in code.split("pub async fn ").skip(1) {
            let name = part.split(['(', '<']).next().unwrap_or_default();
            let body = part.split("\n    }\n").next().unwrap_or_default();
            assert!(
                body.contains("Operation::") || THROUGH_OTHERS.contains(&name),
                "{place}: {name} names no operation"
            );
        }
        named.push_str(&code);
    }
    for operation in rollbook::service::Operation::ALL {
        let used = format!("Operation::{operation:?}");
        assert!(named.contains(&used), "{used} is nobody's");
    }
}
