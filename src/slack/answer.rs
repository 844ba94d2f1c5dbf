//! What a webhook's answer means.
//!
//! From status and body it says what to do next. It is a pure table over every status there
//! is; it quotes nothing that was sent except words that Slack is known to send.

use super::error_word::ErrorWord;
use super::post::PostError;
use super::receipt::Receipt;
use crate::http::TransportFault;

/// What to do after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The message is in Slack, as this one where Slack says so.
    Accepted(Option<Receipt>),
    /// The message may be in Slack: the answer began as a yes and never ended.
    Lost(TransportFault),
    /// The message may be in Slack: the answer says neither yes nor no.
    Unreadable,
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
        (200, _) if body.trim_ascii() == b"ok" => Verdict::Accepted(None),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict_whatever_the_body() {
        for status in 100..=999 {
            for body in ["ok", " ok\r\n", "", "no_service", "Ok", "ok ok", "<html>ok</html>"] {
                for broken in [None, Some(TransportFault::BodyBroken)] {
                    let word = ErrorWord::in_body(body.as_bytes());
                    assert_eq!(word.is_some(), body == "no_service");
                    let expected = match status {
                        200 if body.trim() == "ok" => Verdict::Accepted(None),
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
}
