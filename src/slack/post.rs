//! What is posted, and what may become of it.
//!
//! These are values alone. The errors' texts are fixed, with nothing in them but numbers and words from
//! a closed list, because an error's text leaves the function together with the event that failed.

use std::fmt;
use std::time::Duration;

pub use super::error_word::ErrorWord;
use super::error_word::{InBrackets, Means, fix};
pub use super::receipt::Receipt;
use crate::http::TransportFault;

/// One message in the two forms in which it may be sent.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The JSON body as it should look.
    pub body: &'a str,
    /// The JSON body of the same message in plain text, sent once if Slack cannot read the other.
    pub plain_body: PlainBody<'a>,
    /// Where it is to stand.
    pub target: Target<'a>,
}

/// Where a message is to stand, and what that asks of its way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// In the channel, by itself. Where an answer was lost it is sent again: rather twice than never.
    Channel,
    /// In the channel, as the parent of a thread. Sent once: where it is not known whether Slack has it, the post
    /// ends with [`PostError::Unconfirmed`]. A webhook posts it too, and gives no receipt.
    Parent,
    /// In the thread of a message. Sent again where an answer was lost. Only with a bot token.
    Reply {
        /// The thread's first message.
        parent: &'a Receipt,
        /// Whether the channel shows it, too.
        in_channel: bool,
    },
    /// In the place of a message that was posted before, which notifies nobody. Sent again where an answer was lost,
    /// which changes nothing. Only with a bot token.
    Update(&'a Receipt),
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
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct PostOutcome {
    /// Whether Slack has it.
    pub result: Result<Accepted, PostError>,
    /// Requests begun; 0 where the network was not touched.
    pub requests: u32,
    /// Requests of these whose answer was lost or could not be read after they had been sent, whatever the result:
    /// Slack may show the message once more for each. Updates are never among them.
    pub ambiguous: u32,
}

/// Slack has the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// It was the plain text that Slack accepted.
    pub as_plain_text: bool,
    /// Which message it became. Only the Web API says so, a webhook never.
    pub receipt: Option<Receipt>,
}

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Slack answered 429 (one request and more), or the time it asked for has not passed since an
    /// earlier answer (no request). To be posted after `retry_after`, of which nothing was waited here.
    #[error("Slack asks to wait {} s (Retry-After)", whole_seconds(*retry_after))]
    RateLimited {
        /// At least one second after a 429, at most five minutes.
        retry_after: Duration,
    },
    /// 408, 425 or 5xx, until the tries or the time ran out. Retryable later.
    #[error("Slack is not available: it answered {status}{}", InBrackets(*word))]
    Unavailable {
        /// The last answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// No answer, until the tries or the time ran out. Retryable later.
    #[error("Slack could not be reached: {0}")]
    Transport(TransportFault),
    /// The invocation has no time left for a request. Retryable at once in another.
    #[error("no time was left to post to Slack")]
    NoTimeLeft,
    /// 400, to the plain text too, or another 4xx: this message will never be accepted. The Web API says so with 200
    /// and a word about the message.
    #[error("Slack rejected the message: it answered {status}{}", InBrackets(*word))]
    Rejected {
        /// The last answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// 401, 403, 404 or 410: no message will be accepted by this webhook. Not retryable until the webhook
    /// is replaced.
    #[error(
        "Slack refused the webhook: it answered {status}{}: check that the webhook exists and that \
         its channel is not archived, then update the configured URL",
        InBrackets(*word)
    )]
    WebhookRefused {
        /// The answer's status.
        status: u16,
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// The Web API said no for a reason that is not the message. Not retryable until what the text says is done.
    #[error("Slack refused the message{}: {}", InBrackets(*word), fix(*word))]
    Refused {
        /// Slack's word for it, if it is a known one.
        word: Option<ErrorWord>,
    },
    /// The message that was to be updated or replied to cannot be any more. Not retryable: the caller is to post a
    /// new message in its place.
    #[error("Slack can no longer update that message or reply to it{}", InBrackets(*word))]
    MessageGone {
        /// Slack's word for it.
        word: Option<ErrorWord>,
    },
    /// It is not known whether Slack has the message. Sent again, it may stand there twice.
    #[error("it is not known whether Slack has the message: {0}")]
    Unconfirmed(Unconfirmed),
    /// A webhook can neither reply to a message nor update one. Nothing was sent. Not retryable.
    #[error("an incoming webhook can neither reply to a message nor update one: configure a bot token")]
    NeedsBotToken,
    /// The webhook or the bot token is stored in AWS and could not be read. Nothing was sent.
    #[error("the webhook or the bot token could not be read from AWS: see the function's log")]
    NoSecret {
        /// Whether another try may succeed.
        is_retryable: bool,
    },
    /// 3xx, which is never followed: the configured URL is not Slack's own. Not retryable.
    #[error("the URL redirects ({status}), and a redirect is never followed: copy the URL from Slack")]
    Redirected {
        /// The answer's status.
        status: u16,
    },
    /// An answer that Slack does not give, such as 200 with a proxy's page. Not retryable.
    #[error(
        "the URL answered {status}{} instead of 200 ok: check that the URL is Slack's and that \
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
    /// Whether Slack may have done what it says that it failed in: its `internal_error` and `fatal_error` say so, and
    /// 500, 502 and 504 say no more.
    pub(super) fn may_have_been_accepted(self) -> bool {
        let Self::Unavailable { status, word } = self else { return false };
        let in_the_midst = |word: ErrorWord| matches!(word.as_str(), "internal_error" | "fatal_error");
        matches!(status, 500 | 502 | 504) || word.is_some_and(in_the_midst)
    }

    /// Whether Slack said no for good: nothing helps but another webhook or token, channel or message.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        match self {
            Self::Rejected { .. }
            | Self::WebhookRefused { .. }
            | Self::Refused { .. }
            | Self::NeedsBotToken
            | Self::Redirected { .. }
            | Self::NoSecret { is_retryable: false }
            | Self::Unexpected { .. } => true,
            Self::RateLimited { .. }
            | Self::NoSecret { is_retryable: true }
            | Self::Unavailable { .. }
            | Self::Transport(_)
            | Self::NoTimeLeft
            | Self::MessageGone { .. }
            | Self::Unconfirmed(_) => false,
        }
    }

    /// Whether a reply may have been refused because it is one: by itself in the channel it may be accepted. Slack's
    /// words that are not known are among these; those about the token or the whole channel are not.
    #[must_use]
    pub fn may_be_for_the_thread(self) -> bool {
        let Self::Refused { word } = self else { return false };
        word.is_none_or(|word| {
            matches!(word.means(), Means::NoReplies | Means::NoBroadcast | Means::Forbidden | Means::Fault)
        })
    }

    /// Whether the channel can only not show the reply: others under the same parent are accepted.
    #[must_use]
    pub fn is_for_the_broadcast(self) -> bool {
        matches!(self, Self::Refused { word: Some(word) } if word.means() == Means::NoBroadcast)
    }

    /// Whether Slack was not available, could not be reached or did not answer: a later try may be accepted.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Transport(_)
                | Self::Unconfirmed(_)
                | Self::NoSecret { is_retryable: true }
        )
    }

    /// Whether any other message to the same destination would fare alike now.
    #[must_use]
    pub fn is_of_destination(self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::Transport(_)
            | Self::WebhookRefused { .. }
            | Self::Refused { .. }
            | Self::Unconfirmed(_)
            | Self::NoSecret { .. }
            | Self::Redirected { .. }
            | Self::Unexpected { .. } => true,
            // A pause that Slack asks for is the rate limit's; the time was used by others.
            Self::RateLimited { .. }
            | Self::NoTimeLeft
            | Self::Rejected { .. }
            | Self::MessageGone { .. }
            | Self::NeedsBotToken => false,
        }
    }

    /// Whether a stored webhook URL or bot token should be fetched again, since it may have been replaced meanwhile.
    #[must_use]
    pub fn is_credential_problem(self) -> bool {
        match self {
            Self::WebhookRefused { .. } => true,
            Self::Refused { word: Some(word) } => {
                matches!(word.means(), Means::Token | Means::Expired | Means::Scope)
            }
            _ => false,
        }
    }
}

/// Why it is not known whether Slack has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmed {
    /// The answer was lost after the message had been sent, and the message must not be sent twice.
    Lost(TransportFault),
    /// The answer was 200 with a body that is not Slack's.
    Unreadable,
    /// Slack, or what stands before it, failed in the midst of it, and the message must not be sent twice.
    Failed,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(fault) => fault.fmt(f),
            Self::Failed => f.write_str("it failed in the midst of it"),
            Self::Unreadable => f.write_str(
                "its answer of 200 cannot be read, check that SLACK_API_URL is Slack's and that no proxy answers for it",
            ),
        }
    }
}

impl Target<'_> {
    /// Whether the message is never sent again where it is not known whether Slack has it.
    pub(super) fn is_sent_once(self) -> bool {
        self == Target::Parent
    }

    /// Whether it takes the place of a message that was posted before.
    pub(crate) fn is_update(self) -> bool {
        matches!(self, Target::Update(_))
    }

    /// Whether it stands in a thread.
    pub(crate) fn is_reply(self) -> bool {
        matches!(self, Target::Reply { .. })
    }

    /// Whether it takes more than an incoming webhook.
    pub(super) fn needs_bot_token(self) -> bool {
        matches!(self, Target::Reply { .. } | Target::Update(_))
    }
}

/// Rounded up: after so many seconds a post is welcome.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
