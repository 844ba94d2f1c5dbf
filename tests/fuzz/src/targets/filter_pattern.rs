//! A filter pattern, a line break, and the text of a log event.

use statuswatch::filter_pattern::FilterPattern;

use super::in_two;

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, event) = in_two(&text, "\n");
    let parsed = match FilterPattern::parse(pattern) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(
                pattern.is_char_boundary(error.offset()),
                "an offset within a character or behind the end"
            );
            assert!(
                !error.problem().is_empty() && !error.render(pattern).is_empty(),
                "refused without a word"
            );
            return;
        }
    };
    let matches = parsed.matches(event);
    assert_eq!(parsed.extract(event).is_some(), matches, "what matches is what is extracted from");
    assert_eq!(parsed.blindness(event).is_none(), matches, "what matches not has a reason");
    assert!(!parsed.explain().is_empty());
    let again = FilterPattern::parse(parsed.as_str()).expect("what was parsed once is parsed again");
    assert_eq!(again.matches(event), matches);
}
