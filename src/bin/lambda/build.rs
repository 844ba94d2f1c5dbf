//! How the Lambda is linked, and of which commit the command line is.

// A build script hears through its environment and speaks through its standard output.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo's way to speak with a build script"
)]

use std::process::Command;

const NO_UNWIND_TABLES: &str = "src/bin/lambda/no_unwind_tables.ld";

fn main() {
    println!("cargo::rerun-if-changed=src/bin/lambda/build.rs");
    println!("cargo::rerun-if-changed={NO_UNWIND_TABLES}");
    println!("cargo::rerun-if-env-changed=STATUSWATCH_COMMIT");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    // A debug build is made again and again; its commit would tell little, and cost a build of everything each time.
    if is("PROFILE", "release")
        && let Some(commit) = commit()
    {
        let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
        println!("cargo::rustc-env=STATUSWATCH_VERSION={version} ({commit})");
    }
    let is_lambdas = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !is_lambdas || !is("PROFILE", "release") {
        return;
    }
    let link = |argument: &str| println!("cargo::rustc-link-arg-bin=statuswatch-lambda={argument}");
    // A program that may lie anywhere begins by writing five thousand addresses into its constants: 24 pages to copy,
    // and as many page faults. At a fixed address there is nothing to write; stack, heap and libc stay where chance
    // puts them. What that is worth is in tests/bench/README.md.
    link("-no-pie");
    // A panic ends the process in its hook (panics.rs), so nothing ever walks the stack. The tables for that would be a
    // tenth of the file. GNU ld and LLD, which `cargo lambda` brings along, both read such a script.
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    link("-Wl,--no-eh-frame-hdr");
    link("-T");
    link(&format!("{folder}/{NO_UNWIND_TABLES}"));
}

/// `STATUSWATCH_COMMIT`, which whoever builds outside a repository may set, or the repository's.
fn commit() -> Option<String> {
    if let Ok(commit) = std::env::var("STATUSWATCH_COMMIT") {
        return Some(commit).filter(|commit| !commit.is_empty());
    }
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    // Each commit adds a line to this file.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", "--short=12", "HEAD"])
}
