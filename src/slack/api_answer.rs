//! What an answer of Slack's Web API means.
//!
//! From status and body it says what to do next. The Web API answers 200 to almost everything and says yes
//! or no in the body: `{"ok":true,"channel":…,"ts":…}` or `{"ok":false,"error":WORD}`. Nothing of a body is quoted but
//! words that Slack is known to send.

use super::answer::Verdict;
use super::error_word::{ErrorWord, Means};
use super::post::PostError;
use super::receipt::Receipt;
use crate::http::TransportFault;
use crate::json::members::each_field;

/// The verdict on an answer whose body may be cut (`broken` says by what).
///
/// - A body counts for what had arrived of it: after `"ok":true` a break does no harm.
/// - `"ok":true` is a yes whatever else stands there, warnings among it. Without channel and timestamp it has no
///   receipt.
/// - A 200 that says neither yes nor no may be a yes.
/// - A no with a word that is not known is tried once more as plain text: nothing was posted, Slack's new words are
///   mostly about blocks, and a message without its looks is worth more than none. A no to that, too, is final.
pub(super) fn api_verdict(status: u16, body: &[u8], broken: Option<TransportFault>) -> Verdict {
    let fields = AnswerFields::of(body);
    let word = fields.error.and_then(ErrorWord::known);
    match (status, fields.ok, broken) {
        (429, ..) => Verdict::RateLimited,
        (300..=399, ..) => Verdict::Final(PostError::Redirected { status }),
        (408 | 425 | 500..=599, ..) => Verdict::Unavailable(PostError::Unavailable { status, word }),
        (200, Some(true), _) => Verdict::Accepted(fields.receipt()),
        (200 | 400..=499, Some(false), _) => refused(status, word),
        (200, None, Some(fault)) => Verdict::Lost(fault),
        (200, None, None) => Verdict::Unreadable,
        (400, ..) => Verdict::NotUnderstood(PostError::Rejected { status, word: None }),
        (400..=499, ..) => Verdict::Final(PostError::Rejected { status, word: None }),
        _ => Verdict::Final(PostError::Unexpected { status, word: None }),
    }
}

/// The verdict on `"ok":false`.
fn refused(status: u16, word: Option<ErrorWord>) -> Verdict {
    match word.map(ErrorWord::means) {
        Some(Means::TooFast) => Verdict::RateLimited,
        Some(Means::Passing) => Verdict::Unavailable(PostError::Unavailable { status, word }),
        Some(Means::Unfit) => Verdict::NotUnderstood(PostError::Rejected { status, word }),
        Some(Means::Gone) => Verdict::Final(PostError::MessageGone { word }),
        Some(_) => Verdict::Final(PostError::Refused { word }),
        None => Verdict::NotUnderstood(PostError::Refused { word }),
    }
}

/// What a body says, as far as it can be read.
#[derive(Debug, Default)]
struct AnswerFields<'a> {
    ok: Option<bool>,
    error: Option<&'a str>,
    channel: Option<&'a str>,
    ts: Option<&'a str>,
}

impl<'a> AnswerFields<'a> {
    fn of(body: &'a [u8]) -> Self {
        let mut fields = Self::default();
        // Where it breaks off, what was read before it counts.
        _ = each_field(body, 0, |name, value| match name {
            b"ok" => {
                fields.ok = match value {
                    b"true" => Some(true),
                    b"false" => Some(false),
                    _ => None,
                }
            }
            b"error" => fields.error = plain_text(value),
            b"channel" => fields.channel = plain_text(value),
            b"ts" => fields.ts = plain_text(value),
            _ => {}
        });
        fields
    }

    fn receipt(&self) -> Option<Receipt> {
        Receipt::new(self.channel?.parse().ok()?, self.ts?)
    }
}

/// A string without escapes, as words, ids and timestamps are; another is none of these.
fn plain_text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUT: Option<TransportFault> = Some(TransportFault::BodyBroken);
    const POSTED: &str =
        r#"{"ok":true,"channel":"C0123456789","ts":"1503435956.000247","message":{"text":"x"}}"#;

    fn receipt() -> Option<Receipt> {
        Receipt::new("C0123456789".parse().unwrap(), "1503435956.000247")
    }

    #[test]
    fn a_yes_is_a_yes_with_what_arrived_of_it() {
        let warned = POSTED.replace(
            "{\"ok\":true",
            r#"{"ok":true,"warning":"message_truncated","response_metadata":{"warnings":["message_truncated"]}"#,
        );
        for (body, broken, expected) in [
            (POSTED, None, receipt()),
            (&POSTED[..66], CUT, receipt()),
            (&POSTED[..60], None, receipt()),
            (&warned, None, receipt()),
            (r#"{"ts":"1503435956.000247","channel":"C0123456789","ok":true}"#, None, receipt()),
            (&POSTED[..30], CUT, None),
            (r#"{"ok":true}"#, None, None),
            (r#"{"ok":true,"channel":"C0123456789","ts":1503435956.000247}"#, None, None),
            (r##"{"ok":true,"channel":"#alerts","ts":"1503435956.000247"}"##, None, None),
            (r#"{"ok":true,"channel":"C0123456789","ts":"now"}"#, None, None),
        ] {
            assert_eq!(api_verdict(200, body.as_bytes(), broken), Verdict::Accepted(expected), "{body}");
        }
    }

    #[test]
    fn what_is_neither_yes_nor_no_may_be_a_yes() {
        for body in
            ["", "ok", "<html>", "{}", "[true]", "null", r#"{"ok":"yes"}"#, r#"{"ok":null}"#, "{\"ok\":tr"]
        {
            assert_eq!(api_verdict(200, body.as_bytes(), None), Verdict::Unreadable, "{body}");
            let lost = Verdict::Lost(TransportFault::BodyBroken);
            assert_eq!(api_verdict(200, body.as_bytes(), CUT), lost, "{body}");
        }
    }

    #[test]
    fn every_status_but_200_has_its_verdict_whatever_the_body() {
        for status in (100..=999).filter(|status| *status != 200) {
            for body in ["ok", "", "no_service", "<html>", r#"{"ok":true}"#] {
                for broken in [None, CUT] {
                    let word = None;
                    let expected = match status {
                        300..=399 => Verdict::Final(PostError::Redirected { status }),
                        429 => Verdict::RateLimited,
                        408 | 425 | 500..=599 => {
                            Verdict::Unavailable(PostError::Unavailable { status, word })
                        }
                        400 => Verdict::NotUnderstood(PostError::Rejected { status, word }),
                        401..=499 => Verdict::Final(PostError::Rejected { status, word }),
                        _ => Verdict::Final(PostError::Unexpected { status, word }),
                    };
                    assert_eq!(api_verdict(status, body.as_bytes(), broken), expected, "{status} {body}");
                }
            }
        }
    }

    #[test]
    fn a_no_is_judged_by_its_word_and_other_words_are_not_quoted() {
        let verdict =
            |error: &str| api_verdict(200, format!(r#"{{"ok":false,"error":"{error}"}}"#).as_bytes(), None);
        let refused = |word| PostError::Refused { word: ErrorWord::known(word) };
        assert_eq!(verdict("not_in_channel"), Verdict::Final(refused("not_in_channel")));
        assert_eq!(verdict("CANARY"), Verdict::NotUnderstood(PostError::Refused { word: None }));
        assert_eq!(
            api_verdict(200, br#"{"ok":false}"#, None),
            Verdict::NotUnderstood(PostError::Refused { word: None })
        );
        let forbidden = api_verdict(403, br#"{"ok":false,"error":"not_in_channel"}"#, None);
        assert_eq!(forbidden, Verdict::Final(refused("not_in_channel")));
        let down = api_verdict(503, br#"{"ok":false,"error":"service_unavailable"}"#, None);
        let word = ErrorWord::known("service_unavailable");
        assert_eq!(down, Verdict::Unavailable(PostError::Unavailable { status: 503, word }));
    }
}
