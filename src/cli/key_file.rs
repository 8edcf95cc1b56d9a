//! The file that keeps the installation's keys, one a line, the current one first.

use super::failure::{Failure, Outcome};
use crate::domain::{KeyId, TokenKey, TokenKeys};
use crate::service::KeySource;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the keys of an installation lie.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

/// What changes whenever the file does: its inode, length and time of change in nanoseconds.
type Stamp = Option<(u64, u64, i64, i64)>;

impl KeyFile {
    /// The file at this path, there or not.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its keys.
    ///
    /// # Errors
    /// [`Failure::Machine`], which names a line and never repeats it.
    pub fn read(&self) -> Outcome<TokenKeys> {
        let text = fs::read_to_string(&self.path).map_err(|error| self.refused(&error))?;
        TokenKeys::parse(&text.into())
            .map_err(|line| self.refused(&format!("line {line}: not 43 characters of base64url")))
    }

    /// Makes the first key where there is none.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn ensure(&self) -> Outcome {
        if self.path.exists() {
            return Ok(());
        }
        let made = self.dir().and_then(|_dir| {
            let fresh = self.written(&fresh_key()?.text())?;
            // Of several programs that start at once one makes the key, and nobody reads half of it.
            let linked = fs::hard_link(&fresh, &self.path);
            fs::remove_file(&fresh)?;
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            }
        });
        made.map_err(|error| self.refused(&error))
    }

    /// Puts a fresh key before the others, and returns its name.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn rotate(&self) -> Outcome<KeyId> {
        let _turn = self.turn()?;
        let fresh = fresh_key().map_err(|error| self.refused(&error))?;
        let keys = self.read()?;
        self.replace(std::iter::once(&fresh).chain(keys.all()))?;
        Ok(fresh.id())
    }

    /// Keeps the current key alone, if it is still this one; returns how many are gone.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn drop_retired(&self, current: KeyId) -> Outcome<usize> {
        let _turn = self.turn()?;
        let keys = self.read()?;
        if keys.current().id() != current {
            return Err(self.refused(&"somebody rotated it meanwhile; look at its status again"));
        }
        self.replace(std::iter::once(keys.current()))?;
        Ok(keys.retired().len())
    }

    /// The keys as they are now: the file is read again when it has changed. One that can't be read
    /// leaves things as they were.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn source(self) -> Outcome<KeySource> {
        self.ensure()?;
        let seen = Mutex::new((self.stamp(), Arc::new(self.read()?)));
        Ok(KeySource::new(move || {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let stamp = self.stamp();
            if stamp != seen.0 {
                seen.0 = stamp;
                match self.read() {
                    Ok(keys) => seen.1 = Arc::new(keys),
                    Err(error) => tracing::error!(%error, "going on with the keys from before"),
                }
            }
            Arc::clone(&seen.1)
        }))
    }

    fn stamp(&self) -> Stamp {
        let found = fs::metadata(&self.path).ok()?;
        Some((found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
    }

    /// Held by whoever changes the file: of two rotations at once none loses the other's key.
    fn turn(&self) -> Outcome<File> {
        let turn = self.dir().and_then(|dir| {
            let dir = File::open(dir)?;
            dir.lock()?;
            Ok(dir)
        });
        turn.map_err(|error| self.refused(&error))
    }

    fn dir(&self) -> io::Result<&Path> {
        let dir = self.path.parent().filter(|dir| *dir != Path::new(""));
        let dir = dir.unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        Ok(dir)
    }

    fn replace<'a>(&self, keys: impl Iterator<Item = &'a TokenKey>) -> Outcome {
        let lines: Vec<SecretString> = keys.map(TokenKey::text).collect();
        let lines: Vec<&str> = lines.iter().map(ExposeSecret::expose_secret).collect();
        let text = SecretString::from(lines.join("\n"));
        let done = self
            .written(&text)
            .and_then(|fresh| fs::rename(fresh, &self.path))
            .and_then(|()| File::open(self.dir()?)?.sync_all());
        done.map_err(|error| self.refused(&error))
    }

    /// Writes a text to a private file beside this one.
    fn written(&self, text: &SecretString) -> io::Result<PathBuf> {
        let fresh = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        // Left behind by a process of the same number that was killed.
        fs::remove_file(&fresh).ok();
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        writeln!(file, "{}", text.expose_secret())?;
        file.sync_all()?;
        Ok(fresh)
    }

    fn refused(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::Machine(format!("The token key {}: {error}", self.path.display()))
    }
}

fn fresh_key() -> io::Result<TokenKey> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(TokenKey::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::KeyFile;
    use crate::domain::TokenKey;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_rotation_keeps_what_was_and_stays_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("deep/token.key"));
        file.ensure().unwrap();
        let first = file.read().unwrap().current().id();
        file.ensure().unwrap();
        assert_eq!(file.read().unwrap().current().id(), first);
        let second = file.rotate().unwrap();
        let ids: Vec<_> = file.read().unwrap().all().map(TokenKey::id).collect();
        assert_eq!(ids, [second, first]);
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(file.drop_retired(first).is_err(), "rotated meanwhile");
        assert_eq!(file.drop_retired(second).unwrap(), 1);
        assert_eq!(file.read().unwrap().retired().len(), 0);
        let left: Vec<_> = fs::read_dir(folder.path().join("deep")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn rotations_at_once_lose_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("token.key"));
        file.ensure().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| file.rotate().unwrap());
            }
        });
        assert_eq!(file.read().unwrap().all().count(), 6);
    }

    #[test]
    fn a_running_program_follows_a_rotation_and_survives_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("token.key"));
        let source = file.clone().source().unwrap();
        let id = || source.keys().current().id();
        assert_eq!(id(), file.read().unwrap().current().id());
        let second = file.rotate().unwrap();
        assert_eq!(id(), second);
        fs::write(file.path(), "not a key\n").unwrap();
        assert_eq!(id(), second);
        let told = file.read().unwrap_err().to_string();
        assert!(
            told.contains("line 1") && !told.contains("not a key"),
            "{told}"
        );
    }
}
