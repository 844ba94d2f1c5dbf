//! The names under which things are stored.
//!
//! The same incident and the same batch have the same name in every container and every version.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Which incident: one per log group and destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentKey {
    /// The destination's name, as the operator calls it.
    pub destination: String,
    /// The log group's name: a stranger's text.
    pub log_group: String,
}

impl IncidentKey {
    /// As one text. The length in front keeps apart what a `#` in a name would run together.
    pub(super) fn text(&self) -> String {
        format!("incident#{}#{}#{}", self.destination.len(), self.destination, self.log_group)
    }

    /// The key that has this text.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let (length, names) = text.strip_prefix("incident#")?.split_once('#')?;
        let (destination, log_group) = names.split_at_checked(length.parse().ok()?)?;
        let log_group = log_group.strip_prefix('#')?;
        Some(Self { destination: destination.to_owned(), log_group: log_group.to_owned() })
    }
}

/// Which batch: 128 bits of a SHA-256 of log group, log stream and log events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId([u8; 16]);

impl BatchId {
    /// The id of the batch with these log events, by their ids or anything else that is theirs alone; their order does
    /// not matter.
    ///
    /// Give all matched log events of the delivery, those included that this container knows already: what one container
    /// remembers must not change the id, or another container counts the batch again.
    #[must_use]
    pub fn of<I: AsRef<[u8]> + Ord>(
        log_group: &str,
        log_stream: &str,
        events: impl IntoIterator<Item = I>,
    ) -> Self {
        let mut events: Vec<I> = events.into_iter().collect();
        events.sort_unstable();
        let mut hash = Sha256::new();
        let names = [log_group.as_bytes(), log_stream.as_bytes()];
        for part in names.into_iter().chain(events.iter().map(AsRef::as_ref)) {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let mut id = [0; 16];
        id.iter_mut().zip(hash.finalize()).for_each(|(mine, byte)| *mine = byte);
        Self(id)
    }

    /// The first half of the id, in whose order ids are sorted.
    pub(crate) fn half(self) -> u64 {
        u64::try_from(u128::from_be_bytes(self.0) >> 64).unwrap_or(u64::MAX)
    }

    /// The id that is shown as this text.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u128::from_str_radix(text, 16))?.ok()?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(destination: &str, log_group: &str) -> IncidentKey {
        IncidentKey { destination: destination.to_owned(), log_group: log_group.to_owned() }
    }

    #[test]
    fn names_with_the_separator_in_them_are_kept_apart() {
        for key in [key("ops", "/aws/apigateway/x"), key("", ""), key("a#b", "c#d"), key("日本", "#1#")] {
            assert_eq!(IncidentKey::of_text(&key.text()).as_ref(), Some(&key));
        }
        assert_ne!(key("a#b", "c").text(), key("a", "b#c").text());
        for text in ["", "incident#", "incident#9#a#b", "incident#1#日本#b", "incident#1#ab"] {
            assert_eq!(IncidentKey::of_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_batch_is_its_log_events_whatever_their_order() {
        let id = |stream, events: &[&str]| BatchId::of("g", stream, events);
        assert_eq!(id("s", &["1", "2", "3"]), id("s", &["3", "1", "2"]));
        for other in [id("s", &["1", "2"]), id("t", &["1", "2", "3"]), id("s", &["12", "3"]), id("s", &[])] {
            assert_ne!(id("s", &["1", "2", "3"]), other);
        }
        assert_ne!(BatchId::of("ab", "c", ["1"]), BatchId::of("a", "bc", ["1"]));
    }

    /// The id is stored: another version must give the same. By hand: SHA-256 of each part behind its length as eight bytes.
    #[test]
    fn the_id_never_changes() {
        let id = BatchId::of("/aws/apigateway/x", "stream", ["1", "2"]);
        assert_eq!(id.to_string(), "5216dce9a4078be4d318d49729470d3a");
        assert_eq!(BatchId::of_text(&id.to_string()), Some(id));
        assert_eq!(id.half(), 0x5216_dce9_a407_8be4);
        assert_eq!(BatchId::of_text("+0000000000000000000000000000001"), None);
    }
}
