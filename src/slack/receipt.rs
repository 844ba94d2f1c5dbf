//! Which message of which channel: what Slack's Web API gives for a posted message, and asks for to update it or to
//! reply in its thread.

use super::channel_id::ChannelId;

/// Slack's have 17 characters; more are left room for.
const MAX_TS: usize = 32;

/// A posted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    channel: ChannelId,
    ts: String,
}

impl Receipt {
    /// A message by its channel and its timestamp, as an earlier receipt gave them: `None` where the timestamp has not
    /// the form of Slack's (`1503435956.000247`).
    #[must_use]
    pub fn new(channel: ChannelId, ts: &str) -> Option<Self> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_ts = ts.len() <= MAX_TS && ts.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b));
        is_ts.then(|| Self { channel, ts: ts.to_owned() })
    }

    /// The channel that has it.
    #[must_use]
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// Slack's timestamp, which is the message's id within its channel: digits with one point between them.
    #[must_use]
    pub fn ts(&self) -> &str {
        &self.ts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_digits_around_a_point() {
        let receipt = |ts: &str| Receipt::new("C0123456789".parse().unwrap(), ts);
        assert_eq!(receipt("1503435956.000247").unwrap().ts(), "1503435956.000247");
        for ts in [
            "",
            ".",
            "1503435956",
            "1503435956.",
            ".000247",
            "1.2.3",
            "-1.0",
            "1.0\"",
            "١.٢",
            &"1".repeat(40),
        ] {
            assert_eq!(receipt(ts), None, "{ts}");
        }
    }
}
