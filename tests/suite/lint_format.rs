//! `statuswatch lint-format` as a person runs it.

use assert_cmd::Command;

const GOOD: &str =
    r#"{"requestId":"$context.requestId","status":"$context.status","httpMethod":"$context.httpMethod"}"#;
const BREAKS: &str =
    r#"{"requestId":"$context.requestId","status":"$context.status","latency":$context.integrationLatency}"#;

fn statuswatch(arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let output = command.arg("lint-format").args(arguments).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_format_that_hides_an_error_fails_wherever_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("format.txt");
    std::fs::write(&path, BREAKS).unwrap();
    for (argument, stdin) in [(BREAKS, ""), ("-", BREAKS), (path.to_str().unwrap(), "")] {
        let (code, out, err) = statuswatch(&[argument], stdin);
        assert_eq!((code, err.as_str()), (1, ""), "{argument}");
        assert!(out.contains("integrationLatency"), "{out}");
    }
}

#[test]
fn a_format_that_hides_none_passes() {
    let (code, out, _) = statuswatch(&[GOOD], "");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("filter pattern for the error lines: {"), "{out}");
}

#[test]
fn a_fixed_format_stands_alone_on_standard_output_and_passes() {
    let (code, fixed, findings) = statuswatch(&["--fix", BREAKS], "");
    assert_eq!((code, fixed.lines().count()), (1, 1));
    assert!(findings.contains("error: "), "{findings}");
    let (code, out, _) = statuswatch(&["-"], &fixed);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn every_format_of_the_fixtures_is_judged_by_the_reader_of_the_digest() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/formats");
    for (file, expected) in [
        ("rest-preset.json.txt", 0),
        ("rest-preset.clf.txt", 0),
        ("rest-preset.csv.txt", 0),
        ("rest-preset.xml.txt", 0),
        ("http-preset.json.txt", 0),
        ("http-preset.clf.txt", 0),
        ("bare-latency.json.txt", 1),
        ("quoted-message-string.json.txt", 1),
        ("no-status.json.txt", 1),
    ] {
        let (code, out, _) = statuswatch(&[&format!("{folder}/{file}")], "");
        assert_eq!(code, expected, "{file}\n{out}");
    }
}

#[test]
fn a_file_that_is_not_there_and_an_empty_format_are_usage_errors() {
    for (argument, says) in [("formats/missing.tf", "formats/missing.tf"), ("", "empty")] {
        let (code, out, err) = statuswatch(&[argument], "");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains(says), "{err}");
    }
}
