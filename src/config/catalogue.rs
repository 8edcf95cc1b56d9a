//! The platform's permissions from a file of `[[permission]]` entries.

use super::{ConfigError, Fault, fault::nearest};
use crate::domain::{Catalogue, Permission};
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// The built-in catalogue, as embedded.
pub const DEFAULT_CATALOGUE: &str = include_str!("../../config/permissions.toml");

const KEYS: [&str; 6] = [
    "key",
    "label",
    "description",
    "group",
    "requires",
    "administrative",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    permission: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: Spanned<String>,
    label: String,
    #[serde(default)]
    description: String,
    group: String,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    administrative: bool,
}

/// Reads a catalogue; `file` is only for the words of a fault.
///
/// # Errors
/// Every fault with its line.
pub fn catalogue(file: &Path, text: &str) -> Result<Catalogue, ConfigError> {
    let parsed: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map(|span| span.start);
        ConfigError(vec![Fault::at(
            file,
            text,
            offset,
            with_hint(error.message()),
        )])
    })?;
    let places: Vec<(String, usize)> = parsed
        .permission
        .iter()
        .map(|e| (e.key.get_ref().clone(), e.key.span().start))
        .collect();
    Catalogue::new(parsed.permission.into_iter().map(permission).collect()).map_err(|faults| {
        let place = |key: &str| {
            places
                .iter()
                .rfind(|(name, _)| name == key)
                .map(|(_, at)| *at)
        };
        let faults = faults
            .iter()
            .map(|f| Fault::at(file, text, place(f.key()), f.to_string()));
        ConfigError(faults.collect())
    })
}

fn permission(entry: Entry) -> Permission {
    Permission {
        key: entry.key.into_inner(),
        label: entry.label.into(),
        description: entry.description.into(),
        group: entry.group.into(),
        requires: entry.requires,
        administrative: entry.administrative,
    }
}

fn with_hint(message: &str) -> String {
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    match unknown.and_then(|word| nearest(word, KEYS.into_iter().chain(["permission"]))) {
        Some(nearest) => format!("{message}; did you mean {nearest:?}?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_CATALOGUE, catalogue};
    use std::path::Path;

    fn refusal(text: &str) -> String {
        catalogue(Path::new("FILE"), text).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_one_has_thirteen_ordinary_permissions() {
        let catalogue = catalogue(Path::new("built-in"), DEFAULT_CATALOGUE).unwrap();
        assert_eq!(catalogue.ordinary().len(), 13);
        assert_eq!(catalogue.everything().len(), 15);
        assert!(
            catalogue
                .permissions()
                .iter()
                .all(|p| !p.description.is_empty())
        );
    }

    #[test]
    fn faults_have_their_line() {
        let bad = format!(
            "{DEFAULT_CATALOGUE}\n[[permission]]\nkey = \"x.y\"\nlabel = \"X\"\ngroup = \"G\"\nrequires = [\"no.such\"]\n"
        );
        let line = DEFAULT_CATALOGUE.lines().count() + 3;
        assert!(
            refusal(&bad).starts_with(&format!(
                "FILE:{line}: permission \"x.y\" requires \"no.such\""
            )),
            "{}",
            refusal(&bad)
        );
        assert!(
            refusal("[[permission]]\nkey = \"a.b\"\nlable = \"x\"\n")
                .contains("did you mean \"label\"")
        );
    }
}
