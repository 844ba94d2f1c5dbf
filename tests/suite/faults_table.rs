//! Keeps `tests/FAULTS.md` honest: every test and every file that it names exists.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every function of every Rust file below this folder.
fn functions(folder: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

/// What stands in backticks in the last column.
fn named(row: &str) -> Vec<String> {
    let column = row.trim_end().trim_end_matches('|').rsplit(" | ").next().unwrap();
    column.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_fault_has_a_test_that_exists_or_a_reason() {
    let root = PathBuf::from(ROOT);
    let mut found = HashSet::new();
    functions(&root.join("src"), &mut found);
    functions(&root.join("tests"), &mut found);
    let table = fs::read_to_string(root.join("tests/FAULTS.md")).unwrap();
    let rows: Vec<&str> =
        table.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()).collect();
    let numbers: Vec<String> =
        rows.iter().map(|row| row[2..].split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(numbers, (1..=76).map(|number| number.to_string()).collect::<Vec<_>>());
    let mut missing = Vec::new();
    for row in rows {
        let names = named(row);
        assert!(!names.is_empty() || row.contains("Not here: "), "neither a test nor a reason: {row}");
        for name in names {
            let exists =
                if name.contains(['/', '.']) { root.join(&name).exists() } else { found.contains(&name) };
            if !exists {
                missing.push(name);
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "named in tests/FAULTS.md, and nowhere to be found");
}
