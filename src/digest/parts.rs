//! Parts a digest by log group and destination.
//!
//! A line whose rule names several destinations is in the part of each. It counts where the first of them is; in the
//! others it is a copy.

use super::{Digest, Section};
use crate::rules::{DEFAULT_DESTINATION, To};

/// What one log group says to one destination.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// One section, which goes to one destination; with an id of its own.
    pub(crate) digest: Digest,
    /// Client errors and server errors in it that are copies.
    pub(crate) copies: [u64; 2],
}

impl Part {
    /// Where it goes.
    pub(crate) fn destination(&self) -> &str {
        let section = self.digest.sections.first();
        section.and_then(|section| section.to.names().next()).unwrap_or(DEFAULT_DESTINATION)
    }

    /// Lines in it that are copies.
    pub(crate) fn copied(&self) -> u64 {
        self.copies.iter().sum()
    }
}

impl Digest {
    /// The parts that have lines, in the order of their sections. What log groups without errors say goes with the first.
    /// At most `samples_per_group` lines of each group are kept.
    pub(crate) fn into_parts(self, samples_per_group: usize) -> Vec<Part> {
        let Self { sections, mut quiet, id } = self;
        let mut parts: Vec<Part> = Vec::with_capacity(sections.len());
        for mut section in sections.into_iter().filter(|section| section.matched() > 0) {
            let to = std::mem::take(&mut section.to);
            let mut copies = [0, 0];
            let mut names = to.names().peekable();
            while let Some(name) = names.next() {
                let counts = [section.client_errors, section.server_errors];
                let mine =
                    if names.peek().is_some() { section.clone() } else { std::mem::take(&mut section) };
                let mine = Section { to: To::one(name), ..mine };
                let number = parts.len() as u64;
                if let Some((known, sum)) = parts.iter_mut().find_map(|part| part.room_for(&mine)) {
                    known.fold(mine, samples_per_group);
                    sum.iter_mut().zip(copies).for_each(|(sum, copies)| *sum += copies);
                } else {
                    let (quiet, id) = (std::mem::take(&mut quiet), id.wrapping_add(number));
                    parts.push(Part { digest: Self { sections: vec![mine], quiet, id }, copies });
                }
                copies = counts;
            }
        }
        parts
    }
}

impl Part {
    /// Its section and its copies, where the other section belongs into it.
    fn room_for(&mut self, other: &Section) -> Option<(&mut Section, &mut [u64; 2])> {
        let is_theirs = |mine: &&mut Section| {
            mine.to == other.to && mine.is_rest == other.is_rest && mine.log_group == other.log_group
        };
        Some((self.digest.sections.first_mut().filter(is_theirs)?, &mut self.copies))
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::Source;
    use crate::digest::Reader;
    use crate::duplicates::RememberedEvents;
    use crate::pipeline::Pipeline;
    use crate::rules::Rules;

    /// Where the lines of these statuses go: the destination, the lines, and how many of them are copies.
    fn parts(statuses: &[u16]) -> Vec<(String, u64, [u64; 2])> {
        let rules = r#"{"rules":[{"name":"a","status":"500","action":"notify","to":["orders","default"]},
            {"name":"b","status":"501","action":"notify","to":"orders"},
            {"name":"c","status":["502","404"],"action":"notify","to":["default","orders"]},
            {"name":"d","status":"503","action":"notify"}]}"#;
        let reader = Reader::new(Rules::parse(rules).unwrap());
        let event = |(id, status): (usize, &u16)| {
            serde_json::json!({ "id": id.to_string(), "timestamp": 1_605_677_420_000_u64,
                "message": format!(r#"{{"status":"{status}","routeKey":"GET /"}}"#) })
        };
        let events: Vec<_> = statuses.iter().enumerate().map(event).collect();
        let message = serde_json::json!({ "messageType": "DATA_MESSAGE", "logGroup": "/aws/x", "logStream": "s",
            "logEvents": events });
        let remembered = RememberedEvents::default();
        let pipeline = Pipeline { reader: &reader, remembered: &remembered, max_decompressed_bytes: 1 << 20 };
        let batch = pipeline.batch(Source::Plain(message.to_string().as_bytes())).unwrap();
        assert_eq!(batch.counts.ledger.matched, statuses.len() as u64);
        let parts = batch.digest.into_parts(20).into_iter();
        let ids: std::collections::HashSet<u64> = parts.clone().map(|part| part.digest.id).collect();
        assert_eq!(ids.len(), parts.len());
        parts.map(|part| (part.destination().to_owned(), part.digest.matched(), part.copies)).collect()
    }

    #[test]
    fn each_destination_has_one_part_and_a_line_counts_once() {
        let of = |name: &str, lines, copies| (name.to_owned(), lines, copies);
        assert_eq!(parts(&[503, 400]), [of("default", 2, [0, 0])]);
        assert_eq!(parts(&[501, 501]), [of("orders", 2, [0, 0])]);
        assert_eq!(parts(&[500]), [of("orders", 1, [0, 0]), of("default", 1, [0, 1])]);
        let mixed = parts(&[503, 500, 501, 502, 502, 404]);
        assert_eq!(mixed, [of("default", 5, [0, 1]), of("orders", 5, [1, 2])]);
    }
}
