//! The pages for people: every link leads somewhere, and every command of ours exists with its options.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::replayed::{run, statuswatch};

const PAGES: [&str; 10] = [
    "README.md",
    "infra/README.md",
    "infra/README.ja.md",
    "infra/FUNCTION.md",
    "infra/COMMANDS.md",
    "infra/MOVING.md",
    "tests/FAULTS.md",
    "tests/PROOFS.md",
    "tests/bench/README.md",
    "fixtures/README.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines outside fenced blocks, and those of blocks of commands.
fn prose_and_commands(page: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut prose, mut commands, mut fence) = (Vec::new(), Vec::new(), None);
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(language), None) => fence = Some(language),
            (Some(_), Some(_)) => fence = None,
            (None, None) => prose.push(line),
            (None, Some("sh")) => commands.push(line.trim_start()),
            (None, Some(_)) => {}
        }
    }
    (prose, commands)
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Whether a link of this page leads to a file that exists, and to one of its headings.
fn leads_somewhere(from: &Path, link: &str) -> bool {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let target = if path.is_empty() { from.to_owned() } else { from.parent().unwrap().join(path) };
    let has = |heading: &str| {
        let text = page(&target);
        let (prose, _) = prose_and_commands(&text);
        prose.iter().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == heading)
    };
    target.exists() && heading.is_none_or(has)
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let (mut links, mut broken) = (0, Vec::new());
    for name in PAGES {
        let path = root().join(name);
        let text = page(&path);
        let (prose, _) = prose_and_commands(&text);
        for line in prose {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                links += 1;
                if !link.starts_with("https://") && !leads_somewhere(&path, link) {
                    broken.push(format!("{name}: {link}"));
                }
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(links > 60, "{links}");
}

/// The commands of ours in a line of shell, each as its words.
fn ours(line: &str) -> impl Iterator<Item = Vec<&str>> {
    let code = line.split(" #").next().unwrap_or_default();
    code.split(['|', ';']).filter_map(|command| {
        let words: Vec<&str> = command.split_whitespace().skip_while(|word| *word == "&&").collect();
        (words.first() == Some(&"statuswatch")).then(|| words[1..].to_vec())
    })
}

#[test]
fn every_command_of_ours_exists_and_takes_its_options() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in PAGES {
        let text = page(&root().join(name));
        let (_, commands) = prose_and_commands(&text);
        for words in commands.iter().flat_map(|line| ours(line)) {
            let options = words.iter().filter(|word| word.starts_with("--"));
            let options = options.map(|option| option.split('=').next().unwrap().to_owned());
            found.entry(words[0].to_owned()).or_default().extend(options);
        }
    }
    assert!(found.len() >= 7, "{found:?}");
    for (command, options) in found {
        let help = run(&mut statuswatch(&[&command, "--help"]));
        assert_eq!(help.code, Some(0), "statuswatch {command}: {}", help.stderr);
        let known: BTreeSet<&str> =
            help.stdout.split(|c: char| c.is_whitespace() || "=[],".contains(c)).collect();
        for option in options {
            assert!(known.contains(option.as_str()), "statuswatch {command} takes no {option}");
        }
    }
}
