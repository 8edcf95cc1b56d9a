//! As whom the private server runs and where its files go. PostgreSQL refuses root, so root runs
//! it as `postgres` or `nobody`, in a directory that this user can reach.

use super::LocalError;
use nix::unistd::{Uid, User, geteuid};
use std::{
    env, fs,
    io::ErrorKind,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The user as whom the server programs run.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    user: User,
    /// Whether this is another user than ourselves.
    foreign: bool,
}

impl Identity {
    /// Ourselves, or for root a user that PostgreSQL accepts.
    pub(super) fn find() -> Result<Self, LocalError> {
        let uid = geteuid();
        if uid.is_root() {
            let user = ["postgres", "nobody"].into_iter().find_map(by_name);
            let user = user.ok_or(LocalError::NoServerUser)?;
            return Ok(Self {
                user,
                foreign: true,
            });
        }
        let user = User::from_uid(uid).ok().flatten();
        let user = user.ok_or(LocalError::NoUser { uid: uid.as_raw() })?;
        Ok(Self {
            user,
            foreign: false,
        })
    }

    /// A command that runs as this user in `dir`, with nothing of our environment or terminal.
    pub(super) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("LC_ALL", "C")
            .current_dir(dir)
            .stdin(Stdio::null())
            .process_group(0);
        if self.foreign {
            command
                .uid(self.user.uid.as_raw())
                .gid(self.user.gid.as_raw());
        }
        command
    }

    /// Makes `dir`, which stays ours, and what is missing above it, so that this user gets through.
    pub(super) fn make_reachable(&self, dir: &Path) -> Result<(), LocalError> {
        let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
        let mode = fs::Permissions::from_mode(if self.foreign { 0o711 } else { 0o700 });
        for dir in missing.into_iter().rev() {
            make(dir)?;
            // Set again: the umask may have taken bits away.
            fs::set_permissions(dir, mode.clone()).map_err(LocalError::file("open up", dir))?;
        }
        if self.foreign {
            open_up_ours(dir)?;
        }
        self.check_reach(dir)
    }

    /// Makes `dir`, which belongs to this user alone.
    pub(super) fn make_private(&self, dir: &Path) -> Result<(), LocalError> {
        make(dir)?;
        let found = fs::symlink_metadata(dir).map_err(LocalError::file("look at", dir))?;
        if self.foreign && found.is_dir() && Uid::from_raw(found.uid()).is_root() {
            let (uid, gid) = (self.user.uid.as_raw(), self.user.gid.as_raw());
            lchown(dir, Some(uid), Some(gid)).map_err(LocalError::file("give away", dir))?;
        }
        self.check_owned(dir)
    }

    /// Fails unless `dir` is this user's alone: for names in /tmp that others could have taken.
    fn check_owned(&self, dir: &Path) -> Result<(), LocalError> {
        let found = fs::symlink_metadata(dir).map_err(LocalError::file("look at", dir))?;
        let own = Uid::from_raw(found.uid()) == self.user.uid;
        if own && found.is_dir() && found.mode().trailing_zeros() >= 6 {
            Ok(())
        } else {
            Err(LocalError::ForeignDirectory(dir.to_owned()))
        }
    }

    /// As another user, each directory on the way must let that user through.
    fn check_reach(&self, dir: &Path) -> Result<(), LocalError> {
        let lets_through = |dir: &Path| {
            fs::metadata(dir).is_ok_and(|found| {
                let own = Uid::from_raw(found.uid()) == self.user.uid;
                found.mode() & if own { 0o100 } else { 0o001 } != 0
            })
        };
        if !self.foreign || dir.ancestors().all(lets_through) {
            return Ok(());
        }
        Err(LocalError::Unreachable {
            dir: dir.to_owned(),
            user: self.user.name.clone(),
        })
    }
}

fn by_name(name: &str) -> Option<User> {
    User::from_name(name).ok().flatten()
}

/// Lets others through the directory `rollbook` that holds this one, where it is root's: mails or a key that came
/// first may have made it for root alone.
fn open_up_ours(dir: &Path) -> Result<(), LocalError> {
    let Some(ours) = dir.parent().filter(|above| above.ends_with("rollbook")) else {
        return Ok(());
    };
    let found = fs::symlink_metadata(ours).map_err(LocalError::file("look at", ours))?;
    let mut mode = found.permissions();
    if found.is_dir() && Uid::from_raw(found.uid()).is_root() && mode.mode() & 0o001 == 0 {
        mode.set_mode(mode.mode() | 0o011);
        fs::set_permissions(ours, mode).map_err(LocalError::file("open up", ours))?;
    }
    Ok(())
}

/// Makes one directory unless it is there; two at once are fine.
fn make(dir: &Path) -> Result<(), LocalError> {
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(LocalError::file("make", dir)(error))
        }
        _ => Ok(()),
    }
}

/// Where the private server's files go: `$XDG_DATA_HOME/rollbook/postgres`, and for root below
/// `/var/lib`, because the server's user can't reach root's home.
///
/// # Errors
/// [`LocalError::NoHome`].
pub fn default_dir() -> Result<PathBuf, LocalError> {
    if geteuid().is_root() {
        return Ok("/var/lib/rollbook/postgres".into());
    }
    // The XDG base directory specification: a relative path is to be ignored.
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .map(|data| data.join("rollbook/postgres"))
        .ok_or(LocalError::NoHome)
}
