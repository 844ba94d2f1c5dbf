//! Holds `src` to the rules of `src/ARCHITECTURE.md` on who may use whom.
//!
//! It goes by the paths in the source text, without the tests in it.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{SourceFile, library};

/// No clock, no environment, no network, no file; the same in, the same out. Of what they use the same holds.
const PURE: [&str; 30] = [
    "access_log",
    "alarm",
    "console_links",
    "decode",
    "deliveries",
    "digest",
    "doctor",
    "duplicates",
    "environment",
    "filter_pattern",
    "format_finder",
    "glob",
    "incident",
    "incidents",
    "json",
    "ledger",
    "lint_format",
    "notification",
    "rate_limit",
    "pace",
    "package",
    "pipeline",
    "recording",
    "rules",
    "slack::escape",
    "slack::message",
    "slack::render",
    "slack::terminal",
    "trigger",
    "words",
];

/// Values of `store` and the form in which it keeps them. Pure modules may use these, and no store itself.
const STORED_FORM: [&str; 9] = [
    "store::EntryKey",
    "store::IncidentKey",
    "store::Snapshot",
    "store::StoreFault",
    "store::decode",
    "store::decode_digest",
    "store::encode",
    "store::encode_digest",
    "store::room_in_entry",
];

/// What no pure module names. An address without a connection to it is only a value.
const IMPURE: [&str; 14] = [
    "lambda_runtime",
    "reqwest",
    "rustls",
    "std::env",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

/// Modules that only these others may use.
const USERS: [(&str, &[&str]); 5] = [
    (
        "http",
        &[
            "account",
            "alarm_lines",
            "aws",
            "cloudwatch_logs",
            "deployment",
            "failure_queue",
            "handler",
            "s3",
            "secret",
            "slack",
            "start",
            "store",
        ],
    ),
    ("slack::client", &["handler", "start"]),
    (
        "aws",
        &[
            "account",
            "alarm_lines",
            "cloudwatch_logs",
            "config",
            "deployment",
            "failure_queue",
            "s3",
            "secret",
            "store",
        ],
    ),
    ("secret", &["config", "deployment", "start"]),
    ("environment", &["aws", "config"]),
];

/// What decides what happened and what is said of it, and so knows no chat system.
const BEFORE_SLACK: [&str; 5] = ["alarm", "digest", "incident", "notification", "rate_limit"];

/// What the function is made of, and what is the command line's alone: it would make the function's binary larger.
const FUNCTION: [&str; 2] = ["handler", "start"];
const COMMAND_LINE: [&str; 14] = [
    "account",
    "backtest",
    "cloudwatch_logs",
    "deliveries",
    "deployment",
    "doctor",
    "failure_queue",
    "format_finder",
    "lint_format",
    "package",
    "recording",
    "replay",
    "report",
    "s3",
];

/// The seams: no other trait is defined.
const TRAITS: [&str; 5] =
    ["decode::Sink", "deliveries::queue::Runs", "handler::Notifier", "http::Transport", "store::Store"];

/// Which top-level module uses which other, and in which files.
type Graph = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn graph(files: &[SourceFile]) -> Graph {
    let mut graph = Graph::new();
    for file in files {
        let of_module = graph.entry(file.top_level().to_owned()).or_default();
        for path in file.paths_into_the_crate() {
            let used = path.split("::").next().unwrap();
            if used != file.top_level() {
                of_module.entry(used.to_owned()).or_default().insert(file.name.clone());
            }
        }
    }
    graph
}

/// Whether `path` is `prefix`, or within it.
fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The modules that `from` uses, and what those use, and so on.
fn reached(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for used in graph.get(&module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(used.clone()) {
                next.push(used.clone());
            }
        }
    }
    reached
}

#[test]
fn the_modules_use_one_another_without_cycles() {
    let graph = graph(&library());
    assert!(
        graph["slack"].contains_key("http") && graph.len() > 25,
        "the source is not understood: {graph:?}"
    );
    let in_cycles: Vec<_> = graph
        .iter()
        .flat_map(|(module, used)| used.iter().map(move |(used, files)| (module, used, files)))
        .filter(|(module, used, _)| reached(&graph, used).contains(*module))
        .collect();
    assert!(in_cycles.is_empty(), "a module is used by one that it uses: {in_cycles:#?}");
}

#[test]
fn pure_modules_use_no_clock_no_environment_and_no_network() {
    let is_pure = |path: &str| PURE.iter().any(|pure| is_within(path, pure));
    let mut faults = Vec::new();
    let files = library();
    for file in files.iter().filter(|file| is_pure(&file.module)) {
        let is_stored_form = |path: &str| STORED_FORM.iter().any(|form| is_within(path, form));
        let inside = file.paths_into_the_crate().filter(|path| !is_pure(path) && !is_stored_form(path));
        let outside =
            file.paths.iter().map(String::as_str).filter(|path| IMPURE.iter().any(|no| is_within(path, no)));
        faults.extend(inside.chain(outside).map(|path| format!("{} uses {path}", file.name)));
    }
    assert_eq!(faults, Vec::<String>::new());
    for pure in PURE {
        assert!(files.iter().any(|file| is_within(&file.module, pure)), "no module is called {pure}");
    }
}

#[test]
fn what_reaches_the_network_is_used_by_few() {
    let mut faults = Vec::new();
    for file in library() {
        for path in file.paths_into_the_crate() {
            for (module, users) in USERS {
                let is_own = is_within(module, file.top_level());
                if is_within(path, module) && !is_own && !users.contains(&file.top_level()) {
                    faults.push(format!("{} uses {path}", file.name));
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn what_a_message_says_is_decided_without_slack() {
    let graph = graph(&library());
    assert!(graph["slack"].contains_key("notification"), "slack writes no notification");
    for module in BEFORE_SLACK {
        assert!(graph.contains_key(module), "no module is called {module}");
        assert!(!reached(&graph, module).contains("slack"), "{module} comes to use slack");
    }
}

#[test]
fn the_function_is_not_linked_with_what_only_the_command_line_needs() {
    let graph = graph(&library());
    for module in FUNCTION {
        let reached = reached(&graph, module);
        for other in COMMAND_LINE {
            assert!(graph.contains_key(other), "no module is called {other}");
            assert!(!reached.contains(other), "{module} comes to use {other}");
        }
    }
}

#[test]
fn the_seams_are_the_only_traits() {
    let traits: BTreeSet<String> = library().into_iter().flat_map(|file| file.traits).collect();
    assert_eq!(traits, BTreeSet::from(TRAITS.map(str::to_owned)));
}
