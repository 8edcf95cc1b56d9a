//! The processes of a server, found through its data directory.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, path::Path};

/// The postmaster and its children; none where no server runs.
pub(crate) fn processes(data: &Path) -> Vec<Pid> {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return Vec::new();
    };
    let postmaster: i32 = text.lines().next().unwrap().parse().unwrap();
    // A killed server leaves its file behind, and its number may be somebody else's by now.
    let name = fs::read_to_string(format!("/proc/{postmaster}/comm"));
    if !name.is_ok_and(|name| name.trim() == "postgres") {
        return Vec::new();
    }
    let parent = format!("PPid:\t{postmaster}");
    let mut all = vec![postmaster];
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        if status.lines().any(|line| line == parent) {
            all.extend(entry.file_name().to_string_lossy().parse::<i32>());
        }
    }
    all.into_iter().map(Pid::from_raw).collect()
}

/// Signals all of them.
pub(crate) fn tell(data: &Path, signal: Signal) {
    for pid in processes(data) {
        // A backend may have ended meanwhile.
        kill(pid, signal).ok();
    }
}
