//! The notification that names Kinesis records that cannot be decoded.
//!
//! It never shows anything that is in a record, only where the record stands in its stream.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

use super::color::{Color, Severity};
use super::{Lines, Notification, Section, Style};
use crate::words;

/// At most so many records are named in a message.
const MAX_NAMED: usize = 20;

/// The records of one delivery that cannot be decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndecodableRecords {
    count: u64,
    /// Shard and sequence number of the first of them.
    named: Vec<String>,
}

impl UndecodableRecords {
    /// Adds a record. What is no shard or no sequence number is a forged event's text, and is left out.
    pub fn note(&mut self, shard: &str, sequence_number: &str) {
        self.count += 1;
        if self.named.len() < MAX_NAMED {
            self.named.push(format!("{} {}", shard_name(shard), number(sequence_number)));
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The same records give the same number in every process of one version.
    #[must_use]
    pub fn id(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write_u64(self.count);
        self.named.iter().for_each(|name| hasher.write(name.as_bytes()));
        hasher.finish()
    }
}

/// A sequence number, or the words that it is none.
#[must_use]
pub fn number(sequence_number: &str) -> &str {
    let is_number = (1..=128).contains(&sequence_number.len())
        && sequence_number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { sequence_number } else { "(no number)" }
}

fn shard_name(shard: &str) -> &str {
    let digits = shard.strip_prefix("shardId-").unwrap_or_default();
    let is_name = (1..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_name { shard } else { "(no shard)" }
}

/// Where the records stand, said once.
#[must_use]
pub fn of_undecodable<'a>(records: &UndecodableRecords, style: &'a Style, id: &'a str) -> Notification<'a> {
    let summary = format!("{} cannot be decoded", words::count(records.count, "Kinesis record"));
    let mut lines = records.named.clone();
    let more = records.count - records.named.len() as u64;
    if more > 0 {
        lines.push(format!("and {more} more, named in the function's log"));
    }
    let them = if records.count == 1 { "it" } else { "them" };
    let section = Section {
        color: Color::or(style, Severity::Warning),
        lines: Lines::Ours(lines),
        footer: vec![format!("acknowledged; lines in {them} are not counted").into()],
        ..Section::default()
    };
    Notification::of_section(vec![summary.into()], section, style, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(records: &UndecodableRecords) -> Vec<String> {
        let style = Style::default();
        let notification = of_undecodable(records, &style, "abc123");
        match &notification.sections.first().expect("a section").lines {
            Lines::Ours(lines) => lines.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_record_is_named_up_to_a_limit_and_the_rest_is_counted() {
        let mut records = UndecodableRecords::default();
        for n in 0..23 {
            records.note("shardId-000000000001", &format!("4959{n:03}"));
        }
        let lines = lines(&records);
        assert_eq!(lines.len(), 21);
        assert_eq!(lines[19], "shardId-000000000001 4959019");
        assert_eq!(lines[20], "and 3 more, named in the function's log");
        let style = Style::default();
        let notification = of_undecodable(&records, &style, "abc123");
        assert_eq!(notification.summary, ["23 Kinesis records cannot be decoded".into()]);
    }

    #[test]
    fn a_forged_name_is_not_shown() {
        let mut records = UndecodableRecords::default();
        records.note("shardId-<!channel>", "<!here>");
        records.note("", "");
        assert_eq!(lines(&records), ["(no shard) (no number)", "(no shard) (no number)"]);
    }
}
