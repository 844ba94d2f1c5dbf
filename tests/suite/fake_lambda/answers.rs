//! What a handler answers, held against what it must answer.
//!
//! The shapes are the contract of the Lambda binary: a ledger for subscription filters and ticks, a list of
//! failures for Kinesis. Bytes and the books' numbers go in, what does not fit comes out in words.

use serde::Deserialize;

use super::delivery::Record;

/// The part of the handler's answer that must balance; it may have more.
#[derive(Debug, Deserialize)]
pub(super) struct Ledger {
    received: u64,
    ok: u64,
    ignored: u64,
    unreadable: u64,
    duplicate: u64,
    matched: u64,
    shown: u64,
    counted: u64,
    pending: u64,
    failed: u64,
}

/// What the books say before an answer is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// Matched lines that were given.
    pub(super) given: u64,
    /// Other lines that were given.
    pub(super) others: u64,
    /// Lines that were pending before.
    pub(super) pending: u64,
    /// Whether the container has notified or deferred the given lines before.
    pub(super) seen: bool,
    /// How many lines each post tells that Slack took, and whether the handler knows so.
    pub(super) posts: &'a [(u64, bool)],
}

impl Known<'_> {
    /// Lines of all posts that the handler knows of: the end of an incident, and what comes after it.
    fn acknowledged(&self) -> u64 {
        self.posts.iter().filter(|(_, acknowledged)| *acknowledged).map(|(lines, _)| lines).sum()
    }
}

impl Ledger {
    pub(super) fn read(answer: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(answer).map_err(|error| format!("answers no ledger: {error}"))
    }

    /// Whether it has nothing deferred any more.
    pub(super) fn holds_nothing(&self) -> bool {
        self.pending == 0
    }

    /// Whether it has deferred what it was given, and nothing else but what was deferred before, if that was not notified.
    pub(super) fn has_deferred(&self) -> bool {
        self.matched > 0 && self.pending > 0 && (self.notified() == 0 || self.pending == self.matched)
    }

    /// Everything in it that does not fit.
    pub(super) fn faults(&self, known: Known<'_>) -> Vec<String> {
        let notified = self.notified();
        let sorted = self.ok + self.ignored + self.unreadable + self.duplicate + self.matched;
        let taken_as = (self.matched, self.duplicate);
        let rightly_taken = taken_as == (known.given, 0) || known.seen && taken_as == (0, known.given);
        let claims = [
            (self.received == known.given + known.others, "not every line given is received"),
            (self.received == sorted, "not every line received is sorted"),
            (
                self.matched + known.pending == notified + self.failed + self.pending,
                "lines matched and pending before are not those notified, failed and pending",
            ),
            (rightly_taken, "the lines given are neither matched nor rightly called duplicates"),
            (self.failed == 0, "lines that failed are answered with success"),
            (
                notified == 0
                    || known.posts.iter().any(|(lines, _)| *lines == notified)
                    || known.acknowledged() == notified,
                "no post that Slack took tells the lines said to be notified",
            ),
            (
                notified > 0 || known.posts.iter().all(|(lines, acknowledged)| *lines == 0 || !acknowledged),
                "a post has lines that are not said to be notified",
            ),
        ];
        let broken = claims.iter().filter(|(holds, _)| !holds);
        broken.map(|(_, what)| format!("{what}: {known:?}, {self:?}")).collect()
    }

    pub(super) fn notified(&self) -> u64 {
        self.shown + self.counted
    }
}

/// Of the records given to a Kinesis handler, how many from the first its answer acknowledges: Lambda goes on
/// from the lowest that is named, whatever else is.
pub(super) fn acknowledged(answer: &[u8], given: &[Record]) -> Result<usize, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct BatchAnswer {
        batch_item_failures: Vec<ItemFailure>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ItemFailure {
        item_identifier: String,
    }
    let answer: BatchAnswer =
        serde_json::from_slice(answer).map_err(|error| format!("answers no list of failures: {error}"))?;
    let mut lowest = given.len();
    for ItemFailure { item_identifier } in answer.batch_item_failures {
        let position = given.iter().position(|record| record.sequence_number.to_string() == item_identifier);
        lowest = lowest.min(position.ok_or("names a record that it was not given")?);
    }
    Ok(lowest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fake_lambda::delivery::Delivery;

    const KNOWN: Known<'_> = Known { given: 3, others: 2, pending: 5, seen: false, posts: &[(8, true)] };

    /// A ledger that fits [`KNOWN`], with some fields changed.
    #[track_caller]
    fn faults(known: Known<'_>, changes: &[(&str, u64)]) -> Vec<String> {
        let mut ledger = json!({"received": 5, "ok": 1, "ignored": 1, "unreadable": 0, "duplicate": 0,
            "matched": 3, "shown": 2, "counted": 6, "pending": 0, "failed": 0, "posted": 1, "salvaged": 0});
        for (field, value) in changes {
            ledger[*field] = (*value).into();
        }
        Ledger::read(ledger.to_string().as_bytes()).unwrap().faults(known)
    }

    #[track_caller]
    fn finds(known: Known<'_>, changes: &[(&str, u64)], expected: &str) {
        let faults = faults(known, changes);
        assert!(matches!(&faults[..], [one] if one.starts_with(expected)), "{faults:#?}");
    }

    #[test]
    fn a_ledger_that_fits_has_no_fault() {
        assert_eq!(faults(KNOWN, &[]), Vec::<String>::new());
        let deferred = [("shown", 0), ("counted", 0), ("pending", 8)];
        assert_eq!(faults(Known { posts: &[], ..KNOWN }, &deferred), Vec::<String>::new());
        let recognised = Known { seen: true, posts: &[(5, true)], ..KNOWN };
        let notified = [("matched", 0), ("duplicate", 3), ("shown", 0), ("counted", 5)];
        assert_eq!(faults(recognised, &notified), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found_by_itself() {
        finds(KNOWN, &[("received", 4), ("ok", 0)], "not every line given is received");
        finds(KNOWN, &[("ok", 0)], "not every line received is sorted");
        finds(KNOWN, &[("pending", 1)], "lines matched and pending before");
        finds(
            Known { pending: 2, ..KNOWN },
            &[("failed", 0), ("counted", 6)],
            "lines matched and pending before",
        );
        finds(Known { given: 4, ..KNOWN }, &[("received", 6), ("ok", 2)], "the lines given are neither");
        finds(Known { posts: &[(7, true)], ..KNOWN }, &[], "no post that Slack took");
        let unsaid = [("shown", 0), ("counted", 0), ("pending", 8)];
        finds(KNOWN, &unsaid, "a post has lines that are not said");
        let failed = [("shown", 0), ("counted", 0), ("pending", 5), ("failed", 3)];
        finds(Known { posts: &[], ..KNOWN }, &failed, "lines that failed are answered with success");
    }

    #[test]
    fn duplicates_must_have_been_seen() {
        let notified = [("matched", 0), ("duplicate", 3), ("shown", 0), ("counted", 5)];
        finds(Known { posts: &[(5, true)], ..KNOWN }, &notified, "the lines given are neither");
    }

    #[test]
    fn an_answer_without_the_contracts_fields_is_no_ledger() {
        assert!(Ledger::read(b"{}").unwrap_err().contains("missing field `received`"));
        assert!(Ledger::read(b"").is_err());
    }

    #[test]
    fn the_lowest_record_named_is_where_lambda_goes_on() {
        // The second record carries the first one's delivery once more.
        let given = [(7, 0), (8, 0), (9, 1)].map(|(sequence_number, id)| {
            let delivery = Delivery { id, stream: 0, oldest_ms: 0, arrives_ms: 0, matched: 1, other: 0 };
            Record { sequence_number, delivery }
        });
        let answer = |ids: &[&str]| {
            let failures: Vec<_> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
            acknowledged(json!({"batchItemFailures": failures}).to_string().as_bytes(), &given)
        };
        assert_eq!(answer(&[]), Ok(3));
        assert_eq!(answer(&["9", "8"]), Ok(1));
        assert_eq!(answer(&["7"]), Ok(0));
        assert_eq!(answer(&["10"]), Err("names a record that it was not given".into()));
        assert!(acknowledged(b"null", &given).is_err());
    }
}
