//! What is posted, and what may become of it.
//!
//! These are values alone. The errors' texts are fixed, with nothing in them but numbers and words from
//! a closed list, because an error's text leaves the function together with the event that failed.

use std::fmt;
use std::time::Duration;

pub use super::error_word::ErrorWord;
use super::error_word::InBrackets;
use crate::http::TransportFault;

/// One message in the two forms in which it may be sent.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The JSON body as it should look.
    pub body: &'a str,
    /// The JSON body of the same message in plain text, sent once if Slack answers 400 to the other.
    pub plain_body: PlainBody<'a>,
}

/// A body that hardly any post comes to need, so that it is written only when it is asked for.
#[derive(Clone, Copy)]
pub struct PlainBody<'a>(pub &'a (dyn Fn() -> &'a str + Sync));

impl<'a> PlainBody<'a> {
    /// The body, the same each time.
    #[must_use]
    pub fn text(self) -> &'a str {
        (self.0)()
    }
}

impl fmt::Debug for PlainBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainBody")
    }
}

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct PostOutcome {
    /// Whether Slack has it.
    pub result: Result<Accepted, PostError>,
    /// Requests begun; 0 where the network was not touched.
    pub requests: u32,
    /// Requests of these whose answer was lost after they had been sent, whatever the result: Slack may
    /// show the message once more for each.
    pub ambiguous: u32,
}

/// Slack answered 200 `ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// It was the plain text that Slack accepted.
    pub as_plain_text: bool,
}

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Slack answered 429 (one request and more), or the time it asked for has not passed since an
    /// earlier answer (no request). To be posted after `retry_after`, of which nothing was waited here.
    #[error("slack asks for no post for another {} ms", retry_after.as_millis())]
    RateLimited {
        /// At least one second after a 429, at most five minutes.
        retry_after: Duration,
    },
    /// 408, 425 or 5xx, until the tries or the time ran out. Retryable later.
    #[error("slack is not available: it answered {status}{}", InBrackets(*word))]
    Unavailable {
        /// The last answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// No answer, until the tries or the time ran out. Retryable later.
    #[error("slack could not be reached: {0}")]
    Transport(TransportFault),
    /// The invocation has no time left for a request. Retryable at once in another.
    #[error("no time was left to post to slack")]
    NoTimeLeft,
    /// 400, to the plain text too, or another 4xx: this message will never be accepted.
    #[error("slack rejected the message: it answered {status}{}", InBrackets(*word))]
    Rejected {
        /// The last answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// 401, 403, 404 or 410: no message will be accepted by this webhook. Not retryable until the webhook
    /// is replaced.
    #[error(
        "slack refused the webhook: it answered {status}{}: check that the webhook exists and that \
         its channel is not archived, then update the configured URL",
        InBrackets(*word)
    )]
    WebhookRefused {
        /// The answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// 3xx, which is never followed: the webhook's URL is not Slack's own. Not retryable.
    #[error("the webhook redirects ({status}), which is not followed: use the URL that Slack gives")]
    Redirected {
        /// The answer's status.
        status: u16,
    },
    /// An answer that Slack does not give, such as 200 with a proxy's page. Not retryable.
    #[error(
        "the webhook answered {status}{} instead of 200 ok: check that the URL is Slack's and that \
         no proxy answers for it",
        InBrackets(*word)
    )]
    Unexpected {
        /// The answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
}

impl PostError {
    /// Whether a stored webhook URL should be fetched again, since it may have been replaced meanwhile.
    #[must_use]
    pub fn is_credential_problem(self) -> bool {
        matches!(self, Self::WebhookRefused { .. })
    }
}
