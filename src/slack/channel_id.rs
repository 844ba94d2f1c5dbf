//! The id of a Slack channel, as Slack's Web API names it.
//!
//! Reads text from configuration or from an answer into an id of the right form. Whether there is such a
//! channel only Slack knows.

use std::fmt;
use std::str::FromStr;

/// Slack's ids have 9 or 11 characters today; more are left room for.
const LENGTHS: std::ops::RangeInclusive<usize> = 9..=32;

/// The id of a channel, public (`C...`) or private (`C...`, `G...`), or of a direct message (`D...`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelId(String);

impl ChannelId {
    /// The id; it holds nothing but capital letters and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ChannelId {
    type Err = ChannelIdError;

    fn from_str(text: &str) -> Result<Self, ChannelIdError> {
        let is_id = text.starts_with(['C', 'G', 'D'])
            && LENGTHS.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_id.then(|| Self(text.to_owned())).ok_or(ChannelIdError)
    }
}

/// The text has not the form of a channel's id. It is not repeated: it may be a secret in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a channel's id such as C0123456789 (in Slack: click the channel's name, the id is at the end of About), \
     not its name"
)]
pub struct ChannelIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_and_names_are_not() {
        for id in ["C0123456789", "C024BE91L", "G0123456789", "D0123456789"] {
            assert_eq!(id.parse::<ChannelId>().map(|id| id.to_string()), Ok(id.to_owned()));
        }
        for text in [
            "",
            "#alerts",
            "alerts",
            "C012",
            "c0123456789",
            "U0123456789",
            "C01234-6789",
            "C0123456789 ",
            "C0123456789,C0123456780",
            "CÉ123456789",
            &format!("C{}", "0".repeat(32)),
        ] {
            assert_eq!(text.parse::<ChannelId>(), Err(ChannelIdError), "{text}");
        }
    }
}
