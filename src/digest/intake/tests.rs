use super::*;
use crate::digest::{Batch, MAX_GROUPS};
use crate::rules::Rules;

fn reader(redact: &[&str]) -> Reader {
    Reader { redact: redact.join(",").parse().unwrap(), ..Reader::new(Rules::built_in()) }
}

fn told(reader: &Reader, lines: &[&str]) -> Batch {
    let mut batch = Batch::default();
    let remembered = RememberedEvents::default();
    let header = Header { log_group: "g".to_owned(), ..Header::default() };
    for (number, line) in lines.iter().enumerate() {
        batch.intake(reader, &remembered).line(&header, number.to_string().as_bytes(), 1_000, line);
    }
    batch
}

#[test]
fn what_is_redacted_is_in_neither_the_lines_nor_the_groups() {
    let lines = [
        r#"{"status":"502","httpMethod":"GET","path":"/users/jane","ip":"203.0.113.9"}"#,
        r#"{"status":"502","latency":-,"httpMethod":"GET","path":"/users/jane","ip":"203.0.113.9"}"#,
        r#"203.0.113.9 - - [10/Oct/2026:13:55:36 +0000] "GET /users/jane HTTP/1.1" 502 12 JKJaXmPLvHcESHA="#,
    ];
    let batch = told(&reader(&["path", "ip"]), &lines);
    assert_eq!(batch.counts.ledger.matched, 3);
    let found = format!("{:?}", batch.digest);
    assert!(!found.contains("jane") && !found.contains("203.0.113.9"), "{found}");
    let found = format!("{:?}", told(&reader(&[]), &lines).digest);
    assert!(found.contains("GET /users/jane") && found.contains("203.0.113.9"), "{found}");
}

#[test]
fn the_same_log_event_twice_is_a_duplicate() {
    let reader = reader(&[]);
    let mut batch = told(&reader, &[r#"{"status":"502"}"#]);
    let mut remembered = RememberedEvents::default();
    let header = Header { log_group: "g".to_owned(), ..Header::default() };
    batch.intake(&reader, &remembered).line(&header, b"0", 1_000, r#"{"status":"502"}"#);
    assert_eq!((batch.counts.ledger.matched, batch.counts.ledger.duplicate), (1, 1));
    remembered.remember(batch.keys.iter().copied());
    let mut later = Batch::default();
    later.intake(&reader, &remembered).line(&header, b"0", 1_000, r#"{"status":"502"}"#);
    assert_eq!((later.counts.ledger.matched, later.counts.ledger.duplicate), (0, 1));
}

#[test]
fn equal_lines_without_an_id_are_counted_each_and_known_again_when_the_batch_comes_again() {
    let reader = reader(&[]);
    let header = Header::default();
    let mut remembered = RememberedEvents::default();
    for expected in [(20, 0), (0, 20)] {
        let mut batch = Batch::default();
        for _ in 0..20 {
            batch.intake(&reader, &remembered).line(&header, b"", 1_000, r#"{"status":"502"}"#);
        }
        assert_eq!((batch.counts.ledger.matched, batch.counts.ledger.duplicate), expected);
        remembered.remember(batch.keys);
    }
}

#[test]
fn groups_and_samples_are_bounded_and_nothing_is_lost_of_the_count() {
    let lines: Vec<String> = (0..500)
        .map(|n| {
            format!(r#"{{"status":"404","httpMethod":"GET","resourcePath":"/{n}/{}"}}"#, "x".repeat(2_000))
        })
        .collect();
    let batch = told(&reader(&[]), &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let [section] = batch.digest.sections.as_slice() else { panic!("one section") };
    assert_eq!(section.groups.len(), MAX_GROUPS);
    assert_eq!(section.groups.iter().map(|group| group.count).sum::<u64>() + section.other.count, 500);
    let kept: usize =
        section.groups.iter().flat_map(|group| &group.samples).map(|sample| sample.text.bytes()).sum();
    assert!(kept <= 32 * 1024, "{kept}");
}

#[test]
fn a_rare_group_keeps_its_line_in_a_flood_of_others() {
    let flood =
        format!(r#"{{"status":"502","httpMethod":"GET","resourcePath":"/a","x":"{}"}}"#, "y".repeat(5_000));
    let mut lines = vec![flood.as_str(); 200];
    lines.push(r#"{"status":"500","httpMethod":"GET","resourcePath":"/rare"}"#);
    let batch = told(&reader(&[]), &lines);
    let rare = batch.digest.sections[0].groups.iter().find(|group| group.route == "GET /rare").unwrap();
    assert_eq!(rare.samples.len(), 1);
}

fn batch(lines: &[&str], redact: &str) -> Batch {
    let fields: Vec<&str> = redact.split_terminator(',').collect();
    told(&reader(&fields), lines)
}

#[track_caller]
fn check_route(line: &str, redact: &str, expected: &str) {
    assert_eq!(batch(&[line], redact).digest.sections[0].groups[0].route, expected, "{line}");
}

#[test]
fn a_masked_value_is_masked_in_the_route_too() {
    let line = r#"{"status":"404","user":"anna-lisa","httpMethod":"GET","path":"/u/anna-lisa/x"}"#;
    check_route(line, "", "GET /u/anna-lisa/x");
    check_route(line, "ip", "GET /u/anna-lisa/x");
    check_route(line, "user", "GET /u/***/x");
    check_route(line, "path", "GET ***");
    let broken = line.replace("\"404\"", "\"404\",\"latency\":-");
    check_route(&broken, "user", "GET /u/***/x");
    let clf = r#"203.0.113.7 - anna [18/Nov/2020:05:28:56 +0000] "GET /u/anna HTTP/1.1" 404 1 c6af-11"#;
    check_route(clf, "user", "GET /u/***");
}

#[test]
fn a_line_that_is_withheld_has_no_route() {
    let line = r#"{"status":"403","path":"/u/anna","message":"User: arn:aws:iam::1:user/anna is not allowed","latency":-}"#;
    let batch = batch(&[line], "user");
    let group = &batch.digest.sections[0].groups[0];
    assert_eq!((group.route.as_str(), &group.samples[0].text), ("", &SampleText::Withheld));
}

#[test]
fn a_route_is_cut_between_characters() {
    let long = "é".repeat(300);
    let line = format!(r#"{{"status":"404","path":"/{long}"}}"#);
    check_route(&line, "", &format!("/{}…", "é".repeat(255)));
    let fits = &long[..MAX_ROUTE_BYTES - 2];
    check_route(&format!(r#"{{"status":"404","path":"/{fits}"}}"#), "", &format!("/{fits}"));
}
