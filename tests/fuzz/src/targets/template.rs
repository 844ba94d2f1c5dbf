//! A file's name, a line break, and the text of a template: Terraform, YAML or JSON.

use statuswatch::format_finder::{Found, GapReason, SourceFile, find, find_in_piece};
use statuswatch::lint_format::{lint, mended, read, render};

use super::in_two;

/// Formats that are judged: each fills and reads some hundred lines.
const JUDGED: usize = 2;
/// Longer formats are only found: no API takes them.
const MAX_JUDGED_BYTES: usize = 4 * 1024;

pub(super) fn run(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (name, text) = in_two(&data, "\n");
    let found = find(&[SourceFile { name, text, wanted: true }]);
    let again = find(&[SourceFile { name, text, wanted: true }]);
    assert_eq!(found, again, "the same file gives the same formats");
    for fault in &found.faults {
        assert!(fault.file == name && !fault.problem.is_empty(), "a fault without file or problem: {fault}");
    }
    let unwanted = find(&[SourceFile { name, text, wanted: false }]);
    assert_eq!(unwanted, Found::default(), "a file that is only referred to gives nothing");
    within(&found, name, text);
    if let Some(piece) = find_in_piece(text) {
        within(&piece, "-", text);
    }
    let short = found.formats.iter().filter(|found| found.format.len() <= MAX_JUDGED_BYTES);
    for format in short.take(JUDGED) {
        let judged = lint(&format.format, None, &read);
        assert!(!render(&judged).is_empty() && !mended(&judged, &read).is_empty());
    }
}

/// Every place is in the file, and every format and gap says something.
fn within(found: &Found, name: &str, text: &str) {
    // YAML ends lines at a lone carriage return, too.
    let lines = text.split(['\n', '\r']).count();
    let places = found.formats.iter().map(|format| &format.place);
    for place in places.chain(found.gaps.iter().map(|gap| &gap.place)) {
        assert!(place.file == name && (1..=lines).contains(&place.line), "{place:?} of {lines} lines");
    }
    assert!(found.formats.iter().all(|format| !format.format.is_empty()));
    assert!(found.gaps.iter().all(|gap| gap.reason != GapReason::Reference(String::new())));
}
