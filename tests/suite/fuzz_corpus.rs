//! Every committed input of every fuzz target, without a fuzzer: what was once found stays found.
//!
//! The targets themselves are those of `tests/fuzz`, which needs a nightly compiler; this does not.

#[path = "../fuzz/src"]
pub(crate) mod fuzz {
    pub(crate) mod targets;
}

use std::{collections::BTreeSet, fs, path::Path};

use fuzz::targets::TARGETS;

#[test]
fn every_input_of_the_corpus_keeps_every_promise() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (name, target) in TARGETS {
        let mut inputs: Vec<_> = files(&tests.join("corpus").join(name));
        if name == "alarm" || name == "event" {
            inputs.extend(files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/alarms")));
        }
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let kept = std::panic::catch_unwind(|| target(&bytes)).is_ok();
            assert!(kept, "{name} breaks a promise on {}, see above", input.display());
        }
    }
}

#[test]
fn every_target_has_a_binary_and_every_binary_a_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let known: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let binaries = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""));
    assert_eq!(binaries.map(str::to_owned).collect::<BTreeSet<_>>(), known);
    for name in known {
        let binary = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(binary.contains(&format!("run(\"{name}\", data)")), "{name}");
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}
