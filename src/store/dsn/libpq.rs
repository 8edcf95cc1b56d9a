//! The options of a connection string that libpq takes and the driver does not.

use std::path::PathBuf;

/// A connection string with the options taken out that the driver does not know.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) rest: String,
    pub(super) mode: Option<String>,
    pub(super) root: Option<PathBuf>,
}

impl Parts {
    pub(super) fn of(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::of_url(text)
        } else {
            Self::of_pairs(text)
        }
    }

    fn of_url(text: &str) -> Self {
        let Some((base, query)) = text.split_once('?') else {
            return Self {
                rest: text.to_owned(),
                ..Self::default()
            };
        };
        let mut parts = Self::default();
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !parts.takes(&key, &value) {
                kept.append_pair(&key, &value);
            }
        }
        // The driver decodes %XX but not the + of forms.
        let query = kept.finish().replace('+', "%20");
        parts.rest = if query.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{query}")
        };
        parts
    }

    fn of_pairs(text: &str) -> Self {
        let mut parts = Self::default();
        let mut rest = text;
        while let Some((key, value, tail)) = pair(rest) {
            if !parts.takes(&key, &value) {
                let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
                parts
                    .rest
                    .push_str(&format_args!("{key}='{quoted}' ").to_string());
            }
            rest = tail;
        }
        // What is no pair is left for the driver to complain about.
        parts.rest.push_str(rest.trim());
        parts
    }

    fn takes(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root = (value != "system").then(|| PathBuf::from(value)),
            // Of no use to a program that never authenticates by GSSAPI or client certificate.
            "gssencmode" | "passfile" | "service" => {}
            _ => return false,
        }
        true
    }
}

/// The first `key = value` of a libpq string, with quotes and backslashes undone, and what follows.
fn pair(text: &str) -> Option<(String, String, &str)> {
    let (key, after) = text.split_once('=')?;
    let after = after.trim_start();
    let mut value = String::new();
    let quoted = after.starts_with('\'');
    let mut chars = after.char_indices().skip(usize::from(quoted));
    let mut end = after.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '\'' if quoted => {
                end = at + 1;
                break;
            }
            c if !quoted && c.is_whitespace() => {
                end = at;
                break;
            }
            c => value.push(c),
        }
    }
    Some((
        key.trim().to_owned(),
        value,
        after.get(end..).unwrap_or_default(),
    ))
}
