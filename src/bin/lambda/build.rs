//! How the Lambda is linked.

// A build script hears through its environment and speaks through its standard output.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo's way to speak with a build script"
)]

fn main() {
    println!("cargo::rerun-if-changed=src/bin/lambda/build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    // A program that may lie anywhere begins by writing five thousand addresses into its constants: 24 pages to copy,
    // and as many page faults. At a fixed address there is nothing to write; stack, heap and libc stay where chance
    // puts them. What that is worth is in tests/bench/README.md.
    let is_lambdas = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is_lambdas && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bin=statuswatch-lambda=-no-pie");
    }
}
