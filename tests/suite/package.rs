//! `statuswatch package`, from outside: what it writes and prints, and what it refuses.

use std::fs;
use std::path::Path;

use rawzip::ZipArchive;
use serde_json::{Value, json};

use crate::replayed::{Run, run, statuswatch};

/// The headers of a static program for this machine, and the text by which the function is known. It is never run.
fn function(machine: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    bytes.extend(machine.to_le_bytes());
    bytes.extend([1, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
    bytes.resize(64, 0);
    bytes.extend(b"this is a Lambda function's bootstrap, and Lambda did not set ");
    bytes
}

fn package(arguments: &[&str]) -> Run {
    run(&mut statuswatch(&[&["package"], arguments].concat()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_archive_is_written_and_its_sums_are_printed_in_both_notations() {
    let scratch = tempfile::tempdir().unwrap();
    let [binary, output] = ["binary", "bootstrap.zip"].map(|name| scratch.path().join(name));
    fs::write(&binary, function(183)).unwrap();
    let settings = ["--binary", text(&binary), "--output", text(&output), "--architecture", "arm64"];
    let printed = package(&settings);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let zip = fs::read(&output).unwrap();
    let archive = ZipArchive::from_slice(&zip).unwrap();
    assert_eq!(archive.entries_hint(), 1);

    let as_json = package(&[&settings[..], &["--json"]].concat());
    let object: Value = serde_json::from_str(&as_json.stdout).unwrap();
    assert_eq!(fs::read(&output).unwrap(), zip, "the same binary makes the same archive");
    let sums = ["sha256", "sha256_base64"].map(|name| object[name].as_str().unwrap().to_owned());
    assert_eq!(
        object,
        json!({
            "path": text(&output), "architecture": "arm64", "bytes": zip.len(), "sha256": sums[0], "sha256_base64": sums[1]
        })
    );
    assert_eq!(
        printed.stdout,
        format!(
            "{}\n  architecture   arm64\n  size           {} bytes\n  sha256         {}\n  sha256 base64  {}\n",
            text(&output),
            zip.len(),
            sums[0],
            sums[1]
        )
    );
}

#[test]
fn what_lambda_could_not_run_is_named_and_nothing_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let [binary, output] = ["binary", "bootstrap.zip"].map(|name| scratch.path().join(name));
    fs::write(&binary, function(62)).unwrap();
    let refused = package(&["--binary", text(&binary), "--output", text(&output), "--architecture", "arm64"]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(
        refused.stderr,
        format!(
            "statuswatch: {}: it is built for x86_64, not for arm64: name the binary that was built for arm64\n",
            text(&binary)
        )
    );
    let missing = package(&["--binary", "no/such/file", "--output", text(&output)]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.starts_with("statuswatch: no/such/file: cannot be read; --binary names"),
        "{}",
        missing.stderr
    );
    assert!(!output.exists());
}

/// What cargo has just built: the function unoptimised, and a program that is not the function.
#[cfg(target_os = "linux")]
#[test]
fn a_debug_build_and_the_command_itself_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let output = scratch.path().join("bootstrap.zip");
    let of = [
        (env!("CARGO_BIN_EXE_statuswatch-lambda"), "it has symbols, as a debug build has: "),
        (env!("CARGO_BIN_EXE_statuswatch"), "it is another program than the function: "),
    ];
    for (binary, reason) in of {
        let refused = package(&["--binary", binary, "--output", text(&output)]);
        assert_eq!(refused.code, Some(1));
        let expected = format!("statuswatch: {binary}: {reason}build it with `cargo build --release");
        assert!(refused.stderr.starts_with(&expected), "{}", refused.stderr);
    }
    // Without `--binary` it takes what lies beside it.
    let beside = package(&["--output", text(&output)]);
    assert!(beside.stderr.contains("statuswatch-lambda: it has symbols"), "{}", beside.stderr);
    assert!(!output.exists());
}
