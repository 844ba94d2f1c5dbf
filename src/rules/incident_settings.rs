//! What a rule says of when its groups are notified, and of what to do about them: `at_least`, `again_after`, `runbook`.
//!
//! It lets no address through that would lead anywhere but to the page that the operator wrote.

use super::document::Value;
use super::fault::{Problem, quoted};
use crate::incident::{AtLeast, duration_ms};

/// The most errors that may be asked for.
const MAX_COUNT: u64 = 1_000_000;
const MIN_MS: i64 = 10_000;
const MAX_MS: i64 = 86_400_000;
/// A runbook's link stands beside each group of a message.
const MAX_RUNBOOK_BYTES: usize = 200;

/// What the rules of a group say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentSettings {
    /// So many must come within so long before the group is worth a message.
    pub at_least: Option<AtLeast>,
    /// After such a silence it is new again, milliseconds.
    pub again_after_ms: Option<i64>,
    /// What to do about it: an https address, harmless in Slack.
    pub runbook: Option<String>,
}

impl IncidentSettings {
    /// Another rule took lines of the same group, too: what notifies sooner holds, and the runbook that is there first.
    pub(crate) fn join(&mut self, other: &Self) {
        self.at_least = self.at_least.zip(other.at_least).map(|(mine, theirs)| {
            if (theirs.count, -theirs.within_ms) < (mine.count, -mine.within_ms) { theirs } else { mine }
        });
        self.again_after_ms = self.again_after_ms.into_iter().chain(other.again_after_ms).min();
        if self.runbook.is_none() {
            self.runbook.clone_from(&other.runbook);
        }
    }
}

pub(super) fn at_least(value: &Value) -> Result<AtLeast, Problem> {
    let Value::Object(entries) = value else { return Err(Problem::NotAtLeast) };
    let (mut count, mut within_ms) = (None, None);
    for (key, value) in entries {
        match (key.as_str(), value) {
            ("count", Value::Number(number)) if count.is_none() => count = Some(*number),
            ("within", Value::Text(text)) if within_ms.is_none() => within_ms = Some(duration(text)?),
            _ => return Err(Problem::NotAtLeast),
        }
    }
    let (count, within_ms) = count.zip(within_ms).ok_or(Problem::NotAtLeast)?;
    if !(2..=MAX_COUNT).contains(&count) {
        return Err(Problem::AtLeastCount { count, limit: MAX_COUNT });
    }
    Ok(AtLeast { count, within_ms })
}

/// `30s`, `15m`, `2h` or `1d`, in milliseconds.
pub(super) fn duration(text: &str) -> Result<i64, Problem> {
    let ms = duration_ms(text).ok_or_else(|| Problem::NotDuration(quoted(text)))?;
    if (MIN_MS..=MAX_MS).contains(&ms) { Ok(ms) } else { Err(Problem::NotDuration(quoted(text))) }
}

pub(super) fn runbook(text: &str) -> Result<String, Problem> {
    if !is_harmless_https(text) {
        return Err(Problem::NotRunbook(quoted(text)));
    }
    if text.len() > MAX_RUNBOOK_BYTES {
        return Err(Problem::RunbookTooLong { bytes: text.len(), limit: MAX_RUNBOOK_BYTES });
    }
    Ok(text.to_owned())
}

/// `https`, a host with a point in it, a port perhaps, no user; and no character that ends a link in Slack.
fn is_harmless_https(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.get(..rest.find(['/', '?', '#']).unwrap_or(rest.len())).unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_port = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>|\"\\^`{}".contains(&byte);
    host.contains('.') && host.split('.').all(is_label) && is_port && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_an_https_address_and_nothing_else() {
        for text in ["https://wiki.example.com/runbooks/orders?a=b#c", "https://wiki.example.com:8443/x_y"] {
            assert_eq!(runbook(text).as_deref(), Ok(text));
        }
        for text in [
            "",
            "wiki",
            "http://wiki.example.com/",
            "javascript:alert(1)",
            "https://",
            "https://localhost/",
            "https://user:pw@wiki.example.com/",
            "https://wiki.example.com/a b",
            "https://wiki.example.com/a|<!channel>",
            "https://wiki.example.com/>",
            "https://wiki.example.com/\u{202e}x",
            "https://wiki.example.com/é",
            "<https://wiki.example.com/>",
            "slack://channel?id=1",
        ] {
            assert!(runbook(text).is_err(), "{text}");
        }
        let long = format!("https://wiki.example.com/{}", "a".repeat(200));
        assert_eq!(runbook(&long), Err(Problem::RunbookTooLong { bytes: 225, limit: 200 }));
    }

    #[test]
    fn of_two_rules_the_one_that_notifies_sooner_holds() {
        let settings = |count: Option<u64>, again_after_ms, runbook: Option<&str>| IncidentSettings {
            at_least: count.map(|count| AtLeast { count, within_ms: 60_000 }),
            again_after_ms,
            runbook: runbook.map(str::to_owned),
        };
        let joined = |mut a: IncidentSettings, b: &IncidentSettings| {
            a.join(b);
            a
        };
        let (few, many) =
            (settings(Some(5), Some(60_000), None), settings(Some(9), None, Some("https://a.b/")));
        assert_eq!(joined(few.clone(), &many), settings(Some(5), Some(60_000), Some("https://a.b/")));
        assert_eq!(joined(many, &few), settings(Some(5), Some(60_000), Some("https://a.b/")));
        assert_eq!(joined(few, &IncidentSettings::default()), settings(None, Some(60_000), None));
    }
}
