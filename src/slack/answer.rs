//! What an answer of Slack's means.
//!
//! In come a status and a body, out comes what to do next. It is a pure table over every status there
//! is; it quotes nothing that was sent except words that Slack is known to send.

use super::post::PostError;
use crate::http::TransportFault;

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The message is in Slack.
    Accepted,
    /// The message may be in Slack: the answer began as a yes and never ended.
    Lost(TransportFault),
    /// Slack wants no post for a while.
    RateLimited,
    /// Slack cannot read this message; it may be able to read a plainer one.
    NotUnderstood(PostError),
    /// It may work later.
    Unavailable(PostError),
    /// It will not work.
    Final(PostError),
}

/// The verdict on an answer whose body may be cut (`broken` says by what).
///
/// Only 200 with the body `ok` is a yes. A body that broke off counts for what had arrived: after `ok`
/// the break does no harm, and where Slack says no, its status says so whatever the body.
/// 1xx never gets here (the HTTP client waits for the answer proper) except 101, which like 201 to 299
/// is nothing that Slack sends: something else answered.
pub(super) fn verdict(status: u16, body: &[u8], broken: Option<TransportFault>) -> Verdict {
    let word = ErrorWord::in_body(body);
    match (status, broken) {
        (200, _) if body.trim_ascii() == b"ok" => Verdict::Accepted,
        (200, Some(fault)) => Verdict::Lost(fault),
        (300..=399, _) => Verdict::Final(PostError::Redirected { status }),
        (400, _) => Verdict::NotUnderstood(PostError::Rejected { status, word }),
        (401 | 403 | 404 | 410, _) => Verdict::Final(PostError::WebhookRefused { status, word }),
        (429, _) => Verdict::RateLimited,
        (408 | 425 | 500..=599, _) => Verdict::Unavailable(PostError::Unavailable { status, word }),
        (400..=499, _) => Verdict::Final(PostError::Rejected { status, word }),
        _ => Verdict::Final(PostError::Unexpected { status, word }),
    }
}

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
    fn in_body(body: &[u8]) -> Option<Self> {
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

impl std::fmt::Display for InBrackets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, " ({})", word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict_whatever_the_body() {
        for status in 100..=999 {
            for body in ["ok", " ok\r\n", "", "no_service", "Ok", "ok ok", "<html>ok</html>"] {
                for broken in [None, Some(TransportFault::BodyBroken)] {
                    let word = (body == "no_service").then_some(ErrorWord("no_service"));
                    let expected = match status {
                        200 if body.trim() == "ok" => Verdict::Accepted,
                        200 if broken.is_some() => Verdict::Lost(TransportFault::BodyBroken),
                        300..=399 => Verdict::Final(PostError::Redirected { status }),
                        400 => Verdict::NotUnderstood(PostError::Rejected { status, word }),
                        401 | 403 | 404 | 410 => Verdict::Final(PostError::WebhookRefused { status, word }),
                        429 => Verdict::RateLimited,
                        408 | 425 | 500..=599 => {
                            Verdict::Unavailable(PostError::Unavailable { status, word })
                        }
                        402..=499 => Verdict::Final(PostError::Rejected { status, word }),
                        _ => Verdict::Final(PostError::Unexpected { status, word }),
                    };
                    assert_eq!(verdict(status, body.as_bytes(), broken), expected, "{status} {body}");
                }
            }
        }
    }

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
