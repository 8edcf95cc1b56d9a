//! Finds PostgreSQL's server programs on this machine: `initdb`, `postgres` and `pg_ctl`, always
//! from one directory. Nothing is downloaded.

use super::LocalError;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The directory with the server programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    bin: PathBuf,
}

impl Programs {
    /// The first complete set on this machine, of the major version that made `data` if it exists.
    pub(super) fn find(data: &Path) -> Result<Self, LocalError> {
        let found = complete(candidates());
        let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) else {
            return Self::first(found);
        };
        let version = version.trim().to_owned();
        if found.is_empty() {
            return Self::first(found);
        }
        let fits = |programs: &Self| programs.major().as_deref() == Some(version.as_str());
        let data = data.to_owned();
        found
            .into_iter()
            .find(fits)
            .ok_or(LocalError::OtherVersion { data, version })
    }

    fn first(found: Vec<Self>) -> Result<Self, LocalError> {
        found.into_iter().next().ok_or(LocalError::NoPrograms {
            install: install_command(),
        })
    }

    /// The path of one program.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    /// "15" of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
    fn major(&self) -> Option<String> {
        let output = Command::new(self.path("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_once("(PostgreSQL) ")?.1;
        Some(
            version
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>(),
        )
    }
}

/// The directories that hold all three programs: a lone `initdb` may be a wrapper of the system's.
fn complete(candidates: Vec<PathBuf>) -> Vec<Programs> {
    let whole = |bin: &PathBuf| {
        ["initdb", "postgres", "pg_ctl"]
            .iter()
            .all(|program| bin.join(program).is_file())
    };
    candidates
        .into_iter()
        .filter(whole)
        .map(|bin| Programs { bin })
        .collect()
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .collect();
    all.extend(named_by_pg_config());
    for (parent, prefix, bin) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/usr/lib", "postgresql", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        all.extend(newest_first(Path::new(parent), prefix, bin));
    }
    all
}

fn named_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

/// The `bin` below each of a directory's children of this prefix, the highest version first.
fn newest_first(parent: &Path, prefix: &str, bin: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let rest = name.strip_prefix(prefix)?;
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            Some((digits.parse().unwrap_or(0), entry.path().join(bin)))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

/// How this system installs PostgreSQL, from its package manager.
fn install_command() -> &'static str {
    let has = |program: &str| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|dir| dir.join(program).is_file())
    };
    [
        ("apt-get", "sudo apt-get install postgresql"),
        (
            "dnf",
            "sudo dnf install postgresql-server postgresql-contrib",
        ),
        ("pacman", "sudo pacman -S postgresql"),
        (
            "zypper",
            "sudo zypper install postgresql-server postgresql-contrib",
        ),
        ("apk", "sudo apk add postgresql postgresql-contrib"),
        ("brew", "brew install postgresql"),
    ]
    .into_iter()
    .find(|(program, _)| has(program))
    .map_or(
        "the package manager of your system (postgresql)",
        |(_, command)| command,
    )
}

#[cfg(test)]
mod tests {
    use super::{Programs, complete, newest_first};
    use std::fs;

    #[test]
    fn a_lone_initdb_is_no_postgresql() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("initdb"), "").unwrap();
        let error = Programs::first(complete(vec![dir.path().to_owned()])).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains("install") && words.contains("postgresql"),
            "{words}"
        );
        fs::write(dir.path().join("postgres"), "").unwrap();
        fs::write(dir.path().join("pg_ctl"), "").unwrap();
        assert_eq!(complete(vec![dir.path().to_owned()]).len(), 1);
    }

    #[test]
    fn versions_compare_as_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17"] {
            fs::create_dir(dir.path().join(version)).unwrap();
        }
        let found = newest_first(dir.path(), "", "bin");
        let expected: Vec<_> = ["17", "15", "9"]
            .iter()
            .map(|v| dir.path().join(v).join("bin"))
            .collect();
        assert_eq!(found, expected);
    }
}
