//! A [`Digest`] or an alarm's notice in; the message that a person wants to read, out.
//!
//! Pure: no clock, no environment, no network; the same input gives the same bytes.
//! It never shows a stranger's text live, never passes a limit of Slack's, never leaves a line uncounted,
//! and never calls a line shown whose text is not in the message.

mod alarm;
mod cause;
mod choice;
mod color;
mod context;
mod footer;
mod form;
mod heading;
mod layout;
mod names;
mod over;
mod pen;
mod progress;
mod quiet;
mod rows;
#[cfg(test)]
mod tests;
mod undecodable;

use crate::console::{LogGroups, Region};
use crate::digest::{DEFAULT_SAMPLES, Digest, Group};
use crate::slack::message::Message;

pub use alarm::{render_alarm, render_topic_text};
#[cfg(test)]
pub(crate) use footer::MAX_LINK;
use form::Form;
pub use over::{Over, render_over};
pub use progress::Progress;
pub use quiet::{QuietAgain, render_quiet_again};
pub use undecodable::{UndecodableRecords, number, render_undecodable};

/// Lines shown in one message where the operator says nothing else.
pub const DEFAULT_MAX_LINES: usize = DEFAULT_SAMPLES;

/// How the operator wants messages to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Lead-in words. Sent as written, markup and mentions too: they are the operator's own.
    /// At most 300 characters; control characters other than line breaks are dropped.
    pub lead_in: Option<String>,
    /// Channel, for legacy webhooks.
    pub channel: Option<String>,
    /// User name, for legacy webhooks.
    pub username: Option<String>,
    /// Icon, for legacy webhooks.
    pub icon_emoji: Option<String>,
    /// Colour of every bar. Where it is `None`, the rules' colours count, then severity.
    pub color: Option<String>,
    /// The most raw lines in one message.
    pub max_lines: usize,
    /// Region of the log groups, for links into the console. No links without it.
    pub region: Option<Region>,
    /// What the notice of an alarm opens in Logs Insights, where its metric names no log group: log groups of
    /// `region`.
    pub log_groups: LogGroups,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            lead_in: None,
            channel: None,
            username: None,
            icon_emoji: None,
            color: None,
            max_lines: DEFAULT_MAX_LINES,
            region: None,
            log_groups: LogGroups::default(),
        }
    }
}

/// What the digest itself does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation<'a> {
    /// Now, in epoch milliseconds: lines older than five minutes are marked as late.
    pub now_ms: i64,
    /// The message's short id: six hexadecimal digits derived from its log events.
    pub id: &'a str,
    /// The storm that the digest is a part of.
    pub storm: Option<Storm>,
}

/// A storm that goes on. Times in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// When it began.
    pub since_ms: i64,
    /// When the last message was posted: all of the digest's lines came since.
    pub last_message_ms: i64,
    /// Seconds to the next message, at the earliest.
    pub spacing_seconds: u64,
}

/// A digest as Slack's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The message to post.
    pub message: Message,
    /// Lines whose text, whole or cut, is in `message`.
    pub shown: u64,
    /// The message to post where Slack refuses `message` as invalid: text alone, and complete in itself.
    pub plain: Message,
    /// Lines whose text, whole or cut, is in `plain`.
    pub plain_shown: u64,
    /// The short id in both.
    pub id: String,
}

impl Rendered {
    /// A message that shows no log lines, drawn in both forms.
    fn without_lines(style: &Style, id: &str, layout: impl Fn(Form) -> form::Layout) -> Self {
        let draw = |form: Form| form.draw(layout(form), style);
        Self {
            message: draw(Form::Blocks),
            shown: 0,
            plain: draw(Form::Text),
            plain_shown: 0,
            id: id.to_owned(),
        }
    }
}

/// One digest as one message.
#[must_use]
pub fn render(digest: &Digest, style: &Style, situation: &Situation<'_>) -> Rendered {
    let (message, shown) = render_blocks(digest, style, situation);
    let (plain, plain_shown) = render_plain(digest, style, situation);
    Rendered { message, shown, plain, plain_shown, id: situation.id.to_owned() }
}

/// The message as it should look, and how many lines it shows.
pub(crate) fn render_blocks(digest: &Digest, style: &Style, situation: &Situation<'_>) -> (Message, u64) {
    layout::fill(Form::Blocks, digest, style, situation, None)
}

/// The message in plain text, and how many lines it shows.
pub(crate) fn render_plain(digest: &Digest, style: &Style, situation: &Situation<'_>) -> (Message, u64) {
    layout::fill(Form::Text, digest, style, situation, None)
}

/// A message of an incident that goes on, as it should look, and how many lines it shows. The digest has the lines that
/// no message has told yet.
pub(crate) fn render_progress_blocks(
    digest: &Digest,
    progress: &Progress<'_>,
    style: &Style,
    situation: &Situation<'_>,
) -> (Message, u64) {
    layout::fill(Form::Blocks, digest, style, situation, Some(progress))
}

/// The same in plain text.
pub(crate) fn render_progress_plain(
    digest: &Digest,
    progress: &Progress<'_>,
    style: &Style,
    situation: &Situation<'_>,
) -> (Message, u64) {
    layout::fill(Form::Text, digest, style, situation, Some(progress))
}

/// Whose fault a group's errors are, in the words of a message; empty where the lines do not tell.
pub(crate) fn fault_words(group: &Group) -> String {
    rows::fault(group.fault).unwrap_or_default()
}
