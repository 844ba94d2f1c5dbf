//! The words of Slack's that may be quoted.

use std::fmt;

/// One of the words that Slack is known to answer with. Anything else in a body is never quoted: it may
/// be a proxy's page, and it may repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorWord(&'static str);

/// From Slack's change log of 2016-05-17 on incoming webhooks, its rate-limit pages, and the errors that
/// its Web API has in common with them.
const ERROR_WORDS: [&str; 25] = [
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "fatal_error",
    "internal_error",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_payload",
    "invalid_token",
    "missing_text_or_fallback_or_attachments",
    "no_active_hooks",
    "no_channel",
    "no_service",
    "no_service_id",
    "no_team",
    "no_text",
    "posting_to_general_channel_denied",
    "rate_limited",
    "ratelimited",
    "rollup_error",
    "service_unavailable",
    "team_disabled",
    "token_revoked",
    "too_many_attachments",
    "user_not_found",
];

impl ErrorWord {
    /// The word itself, for example `no_service`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The body is the bare word, or JSON with the word as `error`.
    pub(super) fn in_body(body: &[u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Body {
            error: String,
        }
        let known = |text: &str| ERROR_WORDS.into_iter().find(|word| *word == text).map(Self);
        let text = std::str::from_utf8(body).ok()?.trim();
        known(text).or_else(|| known(&serde_json::from_str::<Body>(text).ok()?.error))
    }
}

/// ` (no_service)`, or nothing where Slack gave no known word.
pub(super) struct InBrackets(pub(super) Option<ErrorWord>);

impl fmt::Display for InBrackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, " ({})", word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_are_quoted() {
        for (body, word) in [
            ("invalid_payload", Some("invalid_payload")),
            (" no_active_hooks\n", Some("no_active_hooks")),
            (r#"{"ok":false,"error":"invalid_blocks"}"#, Some("invalid_blocks")),
            ("no_service: https://hooks.slack.com/services/CANARY", None),
            (r#"{"error":"CANARY"}"#, None),
            ("CANARY", None),
        ] {
            assert_eq!(ErrorWord::in_body(body.as_bytes()).map(ErrorWord::as_str), word, "{body}");
        }
        assert_eq!(ErrorWord::in_body(b"\xff\xfe"), None);
    }
}
