//! `statuswatch match` as a person runs it.

use std::io::Write;

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;

const LINES: &str =
    "{\"status\":\"502\",\"x\":\"a b\"}\n{\"status\":\"200\"}\nplain 502\n{ \"status\" : 404 }\n";

fn statuswatch(arguments: &[&str], stdin: &[u8]) -> (i32, String, String) {
    let output =
        Command::cargo_bin("statuswatch").unwrap().args(arguments).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn matching_lines_are_printed_as_they_were_logged_and_nothing_else() {
    let found = statuswatch(&["match", "{ ($.status = 4*) || ($.status = 5*) }", "-"], LINES.as_bytes());
    assert_eq!(
        found,
        (0, "{\"status\":\"502\",\"x\":\"a b\"}\n{ \"status\" : 404 }\n".into(), String::new())
    );
}

#[test]
fn no_match_is_no_failure() {
    assert_eq!(statuswatch(&["match", "nothing", "-"], LINES.as_bytes()), (0, String::new(), String::new()));
    let nothing = "statuswatch: -: nothing to match: no log event, event or document in it\n";
    for empty in
        ["", "\n \n", r#"{"events":[],"searchedLogStreams":[]}"#, r#"{"results":[],"status":"Complete"}"#]
    {
        let found = statuswatch(&["match", "nothing", "-"], empty.as_bytes());
        assert_eq!(found, (1, String::new(), nothing.to_owned()), "{empty}");
    }
}

#[test]
fn messages_are_found_in_whatever_they_are_wrapped_in_compressed_too() {
    let message = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":[],"logEvents":[{"id":"1","timestamp":5,"message":"{\"status\":\"502\"}"},{"id":"2","timestamp":6,"message":"ok"}]}"#;
    let export = "@timestamp,@message\n2021-07-15 05:35:16.000,\"{\"\"status\"\":\"\"502\"\"}\"\n";
    for wrapped in [message, export] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(wrapped.as_bytes()).unwrap();
        for bytes in [wrapped.as_bytes().to_vec(), gzip.finish().unwrap()] {
            let found = statuswatch(&["match", "{ $.status = 5* }", "-"], &bytes);
            assert_eq!(found, (0, "{\"status\":\"502\"}\n".into(), String::new()), "{wrapped}");
        }
    }
}

#[test]
fn a_pattern_that_does_not_parse_is_shown_with_a_caret() {
    let (code, out, err) = statuswatch(&["match", "{ $.status IS NOT NULL }", "-"], LINES.as_bytes());
    assert_eq!((code, out.as_str()), (2, ""));
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines[1].trim(), "{ $.status IS NOT NULL }");
    let caret = lines[2].find('^').unwrap();
    assert!(lines[1][caret..].starts_with("IS NOT") || lines[1][caret..].starts_with("NOT"), "{err}");
}

#[test]
fn keywords_in_any_case_are_taken_with_a_note_on_standard_error() {
    let (code, out, err) = statuswatch(&["match", "{ $.x not exists }", "-"], LINES.as_bytes());
    assert_eq!((code, out.as_str()), (0, "{\"status\":\"200\"}\n{ \"status\" : 404 }\n"));
    assert!(err.contains("AWS documents") && err.contains("in capitals"), "{err}");
}

#[test]
fn an_explanation_goes_to_standard_error() {
    let (code, out, err) = statuswatch(&["match", "--explain", "\"plain 5\"", "-"], LINES.as_bytes());
    assert_eq!((code, out.as_str()), (0, "plain 502\n"));
    assert!(err.contains("contains \"plain 5\""), "{err}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_searched() {
    let (code, out, err) = statuswatch(&["match", "502", "/does/not/exist", "-"], LINES.as_bytes());
    assert_eq!((code, out.lines().count()), (1, 2));
    assert!(err.contains("/does/not/exist"), "{err}");
}
