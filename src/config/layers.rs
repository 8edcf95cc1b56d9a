//! Merging the sources: each is checked against the defaults before it is laid over the others.

use super::{ConfigError, DEFAULTS, Fault, Settings, Sources, fault::nearest};
use std::path::Path;
use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

/// A variable that sets a key is `ROLLBOOK_SECTION__KEY`.
const PREFIX: &str = "ROLLBOOK_";

pub(super) fn load(sources: &Sources) -> Result<Settings, ConfigError> {
    let mut merged = defaults()?;
    for file in &sources.files {
        if let Ok(text) = std::fs::read_to_string(file) {
            lay(&mut merged, file, &text)?;
        }
    }
    if let Some(file) = &sources.required {
        let text = std::fs::read_to_string(file)
            .map_err(|error| one(Fault::at(file, "", None, format!("can't be read: {error}"))))?;
        lay(&mut merged, file, &text)?;
    }
    lay_environment(&mut merged, sources)?;
    fall_back_to_database_url(&mut merged, sources);
    typed(&merged).map_err(|(path, message)| {
        one(Fault {
            place: "settings".to_owned(),
            line: None,
            message: format!("{path}: {message}"),
        })
    })
}

fn one(fault: Fault) -> ConfigError {
    ConfigError(vec![fault])
}

fn defaults() -> Result<Table, ConfigError> {
    DEFAULTS.parse().map_err(|error: toml::de::Error| {
        one(Fault::at(
            Path::new("config/rollbook.toml"),
            DEFAULTS,
            None,
            error.message().to_owned(),
        ))
    })
}

/// Checks one file by itself and lays it over `merged`.
fn lay(merged: &mut Table, file: &Path, text: &str) -> Result<(), ConfigError> {
    let syntax = |error: &toml::de::Error| {
        let offset = error.span().map(|span| span.start);
        one(Fault::at(file, text, offset, error.message().to_owned()))
    };
    let spanned = DeTable::parse(text).map_err(|error| syntax(&error))?;
    let unknown = unknown_keys(merged, spanned.get_ref(), file, text);
    if !unknown.is_empty() {
        return Err(ConfigError(unknown));
    }
    let table: Table = text.parse().map_err(|error| syntax(&error))?;
    let mut candidate = merged.clone();
    overlay(&mut candidate, table);
    typed(&candidate).map_err(|(path, message)| {
        let offset = offset_of(spanned.get_ref(), &path);
        one(Fault::at(file, text, offset, format!("{path}: {message}")))
    })?;
    *merged = candidate;
    Ok(())
}

fn unknown_keys(known: &Table, table: &DeTable<'_>, file: &Path, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (section, value) in table {
        let name = section.get_ref().as_ref();
        let (Some(Value::Table(keys)), DeValue::Table(inner)) = (known.get(name), value.get_ref())
        else {
            let near = nearest(name, known.keys().map(String::as_str));
            faults.push(Fault::at(
                file,
                text,
                Some(section.span().start),
                unknown("section", name, near),
            ));
            continue;
        };
        for key in inner
            .keys()
            .filter(|key| !keys.contains_key(key.get_ref().as_ref()))
        {
            let name = key.get_ref().as_ref();
            let near = nearest(name, keys.keys().map(String::as_str));
            faults.push(Fault::at(
                file,
                text,
                Some(key.span().start),
                unknown("key", name, near),
            ));
        }
    }
    faults
}

fn unknown(what: &str, name: &str, nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("unknown {what} {name:?}"),
        |nearest| format!("unknown {what} {name:?}; did you mean {nearest:?}?"),
    )
}

/// Where `section.key` stands in the text.
fn offset_of(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let (section, key) = path.split_once('.')?;
    let (at, value) = table
        .iter()
        .find(|(name, _)| name.get_ref().as_ref() == section)?;
    let DeValue::Table(inner) = value.get_ref() else {
        return Some(at.span().start);
    };
    let found = inner.keys().find(|name| name.get_ref().as_ref() == key);
    Some(found.map_or(at.span().start, |key| key.span().start))
}

fn overlay(merged: &mut Table, table: Table) {
    for (section, value) in table {
        if let (Some(Value::Table(known)), Value::Table(keys)) = (merged.get_mut(&section), value) {
            known.extend(keys);
        }
    }
}

fn lay_environment(merged: &mut Table, sources: &Sources) -> Result<(), ConfigError> {
    for (variable, text) in &sources.environment {
        let Some((section, key)) = variable
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once("__"))
        else {
            continue;
        };
        let fault = |message: String| {
            one(Fault {
                place: variable.clone(),
                line: None,
                message,
            })
        };
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let Some(Value::Table(keys)) = merged.get_mut(&section) else {
            let near = nearest(&section, merged.keys().map(String::as_str));
            return Err(fault(unknown("section", &section, near)));
        };
        let Some(current) = keys.get_mut(&key) else {
            let near = nearest(&key, keys.keys().map(String::as_str));
            return Err(fault(unknown("key", &key, near)));
        };
        *current = match current {
            Value::Integer(_) => Value::Integer(
                text.trim()
                    .parse()
                    .map_err(|_not_a_number| fault("expected a whole number".to_owned()))?,
            ),
            _ => Value::String(text.clone()),
        };
        typed(merged).map_err(|(path, message)| fault(format!("{path}: {message}")))?;
    }
    Ok(())
}

fn fall_back_to_database_url(merged: &mut Table, sources: &Sources) {
    let url = sources
        .environment
        .get("DATABASE_URL")
        .filter(|url| !url.trim().is_empty());
    if let (Some(Value::Table(database)), Some(url)) = (merged.get_mut("database"), url)
        && database
            .get("url")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
    {
        database.insert("url".to_owned(), Value::String(url.clone()));
    }
}

/// The merged table as settings; the path of the key and what is wrong with it.
fn typed(merged: &Table) -> Result<Settings, (String, String)> {
    let settings: Settings = serde_path_to_error::deserialize(Value::Table(merged.clone()))
        .map_err(|error: serde_path_to_error::Error<toml::de::Error>| {
            let path = error.path().to_string();
            (path, error.inner().message().trim().to_owned())
        })?;
    if settings.passwords.min_length < 12 || settings.passwords.min_length > 64 {
        return Err((
            "passwords.min_length".to_owned(),
            "expected 12 to 64".to_owned(),
        ));
    }
    if settings.passwords.max_length < 64 || settings.passwords.max_length > 128 {
        return Err((
            "passwords.max_length".to_owned(),
            "expected 64 to 128".to_owned(),
        ));
    }
    if settings.database.pool_size == 0 {
        return Err((
            "database.pool_size".to_owned(),
            "expected at least 1".to_owned(),
        ));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::{Settings, Sources};
    use secrecy::ExposeSecret;
    use std::io::Write;

    fn file(text: &str) -> (tempfile::NamedTempFile, Sources) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let required = Some(file.path().to_owned());
        (
            file,
            Sources {
                required,
                ..Sources::default()
            },
        )
    }

    fn refusal(text: &str) -> String {
        let (file, sources) = file(text);
        let name = file.path().display().to_string();
        Settings::load(&sources)
            .unwrap_err()
            .to_string()
            .replace(&name, "FILE")
    }

    #[test]
    fn defaults_stand_alone() {
        let settings = Settings::load(&Sources::default()).unwrap();
        assert!(settings.database.url.is_none());
        assert_eq!(settings.invitations.valid_for.as_secs(), 7 * 86_400);
    }

    #[test]
    fn stronger_sources_win() {
        let (_file, mut sources) =
            file("[web]\nopen_console = \"ssh a@b\"\n[database]\nurl = \"host=file\"\n");
        sources
            .environment
            .insert("DATABASE_URL".to_owned(), "host=fallback".to_owned());
        let url = |sources: &Sources| {
            Settings::load(sources)
                .unwrap()
                .database
                .url
                .unwrap()
                .expose_secret()
                .to_owned()
        };
        assert_eq!(url(&sources), "host=file");
        sources
            .environment
            .insert("ROLLBOOK_DATABASE__URL".to_owned(), "host=env".to_owned());
        assert_eq!(url(&sources), "host=env");
        sources.required = None;
        sources.environment.remove("ROLLBOOK_DATABASE__URL");
        assert_eq!(url(&sources), "host=fallback");
    }

    #[test]
    fn faults_name_file_line_and_key() {
        assert_eq!(
            refusal("[web]\nlistn = \"x\"\n"),
            "FILE:2: unknown key \"listn\"; did you mean \"listen\"?"
        );
        assert_eq!(
            refusal("\n[mial]\nfrom = \"x\"\n"),
            "FILE:2: unknown section \"mial\"; did you mean \"mail\"?"
        );
        assert!(
            refusal("[database]\npool_size = \"x\"\n")
                .starts_with("FILE:2: database.pool_size: invalid type")
        );
        assert!(refusal("[web]\n\nlisten = \"x\"\n").starts_with("FILE:3: web.listen:"));
        assert!(refusal("[web]\nlisten = \n").starts_with("FILE:2:"));
        assert!(refusal("[sessions]\nidle = \"soon\"\n").contains("write 90s, 30m, 12h or 7d"));
        assert!(
            refusal("[passwords]\nmin_length = 4\n")
                .starts_with("FILE:2: passwords.min_length: expected 12")
        );
        assert_eq!(refusal("[web]\nlistn = 1\nbase = 2\n").lines().count(), 2);
    }

    #[test]
    fn the_environment_is_checked_too() {
        let mut sources = Sources::default();
        sources
            .environment
            .insert("ROLLBOOK_WEB__LISTN".to_owned(), "x".to_owned());
        assert_eq!(
            Settings::load(&sources).unwrap_err().to_string(),
            "ROLLBOOK_WEB__LISTN: unknown key \"listn\"; did you mean \"listen\"?"
        );
    }

    #[test]
    fn secrets_do_not_print() {
        let (_file, sources) = file(
            "[database]\nurl = \"postgres://u:hunter2secret@h/x\"\n[mail]\nsmtp_url = \"smtp://u:hunter2secret@h\"\n",
        );
        assert!(!format!("{:?}", Settings::load(&sources).unwrap()).contains("hunter2secret"));
    }
}
