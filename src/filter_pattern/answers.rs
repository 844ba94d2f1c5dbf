//! What a pattern said of recognised lines, for later ones of which it says the same.
//!
//! In: a pattern and recognised lines, one after another. Out: whether each matches. It remembers only what cannot change:
//! the answer to a status of one format, where the pattern asks for nothing else.

use super::FilterPattern;
use crate::access_log::fast_path::{LineFormat, Recognised};

/// Statuses that are remembered.
const MAX_STATUSES: usize = 16;

/// The answers so far.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    format: Option<LineFormat>,
    /// Whether a line of the format matches, by its status.
    by_status: Vec<([u8; 3], bool)>,
}

impl Answers {
    /// As [`FilterPattern::matches_recognised`] says; it is always the same pattern that is asked.
    pub(crate) fn matches(
        &mut self,
        pattern: &FilterPattern,
        recognised: Recognised<'_>,
        text: &str,
    ) -> Option<bool> {
        if let Some(answer) = self.remembered(recognised, text.as_bytes()) {
            return Some(answer);
        }
        let answer = pattern.matches_recognised(recognised, text)?;
        let status = recognised.written_status(text.as_bytes());
        if let Some(status) = status.filter(|_| pattern.asks_only_status(recognised)) {
            if !self.are_of(recognised) {
                self.format = Some(recognised.format());
                self.by_status.clear();
            }
            if self.by_status.len() < MAX_STATUSES {
                self.by_status.push((status, answer));
            }
        }
        Some(answer)
    }

    /// The answer to a line, if it is remembered: whatever else the line says, UTF-8 or not.
    pub(crate) fn remembered(&self, recognised: Recognised<'_>, text: &[u8]) -> Option<bool> {
        let status = recognised.written_status(text).filter(|_| self.are_of(recognised))?;
        self.by_status.iter().find(|(known, _)| *known == status).map(|(_, answer)| *answer)
    }

    fn are_of(&self, recognised: Recognised<'_>) -> bool {
        self.format.as_ref().is_some_and(|format| format.is_of(recognised))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access_log::fast_path::LineReader;

    fn line() -> impl Strategy<Value = String> {
        let status = prop::sample::select(vec!["200", "201", "404", "502", "2e2", "20", "2000", "null"]);
        let value = prop::sample::select(vec!["a", "b", "\\\\", "404"]);
        (status, value, 0..4).prop_map(|(status, value, shape)| match shape {
            0 => format!(r#"{{"status":"{status}","path":"{value}"}}"#),
            1 => format!(r#"{{"status":{status},"path":"{value}"}}"#),
            2 => format!(r#"{{"path":"{value}","status":"{status}","statusCode":"{value}"}}"#),
            _ => format!(r#"{{"a":{{"status":"{value}"}},"status":"{status}"}}"#),
        })
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_the_pattern_says(
            pattern in prop::sample::select(vec![
                "{ ($.status = 4*) || ($.status = 5*) }", "{ $.status = 4* && $.path != b }", "{ $.a.status = a }",
                "{ $.status >= 400 }", "{ $.status NOT EXISTS }", "{ $.statusCode = 404 }", "{ $.* = 404 }", "", "404",
            ]),
            lines in prop::collection::vec(line(), 1..40),
        ) {
            let pattern = FilterPattern::parse(pattern).unwrap();
            let (mut reader, mut answers) = (LineReader::default(), Answers::default());
            for line in &lines {
                if reader.recognise_plain(line.as_bytes()) != Some(line.len()) {
                    reader.learn(line);
                    continue;
                }
                let recognised = reader.last().unwrap();
                let answer = answers.matches(&pattern, recognised, line);
                prop_assert_eq!(answer, pattern.matches_recognised(recognised, line), "{}", line);
                prop_assert!(answer.is_none_or(|answer| answer == pattern.matches(line)), "{}", line);
            }
        }
    }

    #[test]
    fn the_answer_to_a_status_is_remembered_where_nothing_else_is_asked() {
        let line = r#"{"status":"404","path":"/a"}"#;
        for (pattern, is_remembered) in
            [("{ $.status = 4* }", true), ("{ $.status = 4* && $.path = * }", false)]
        {
            let pattern = FilterPattern::parse(pattern).unwrap();
            let (mut reader, mut answers) = (LineReader::default(), Answers::default());
            reader.learn(line);
            reader.recognise_plain(line.as_bytes());
            assert_eq!(answers.matches(&pattern, reader.last().unwrap(), line), Some(true));
            assert_eq!(answers.by_status.len(), usize::from(is_remembered));
        }
    }
}
