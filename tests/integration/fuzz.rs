//! The fuzz targets' promises over their seeds, and that each target has both. The fuzzer itself
//! needs nightly; how to run it stands in CONTRIBUTING.md.

#[expect(
    unreachable_pub,
    reason = "the fuzz targets use the same file as a library"
)]
#[path = "../../fuzz/src/lib.rs"]
mod promises;

use promises::TARGETS;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn place(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(below)
}

fn names(below: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place(below))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_target_has_a_program_and_seeds() {
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
}

#[test]
fn every_seed_keeps_the_promises() {
    for (name, promise) in TARGETS {
        let seeds = fs::read_dir(place("corpus").join(name)).unwrap();
        let mut fed = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            // The harness shows it only where the promise fails.
            eprintln!("{}", path.display());
            promise(&fs::read(&path).unwrap());
            fed += 1;
        }
        assert!(fed > 0, "{name} has no seed");
    }
}
