//! Renders a [`Notification`] as the message that Slack takes and a person wants to read.
//!
//! What is said, and in which order, is decided before. `form` draws it, as blocks or as text alone, by `write` (tagged
//! texts, escaped), `names` (short, and no two that look the same) and `cut_lines` (a longer text of a stranger's).
//! `fit` asks for less detail until there is room for lines; `choice` chooses the lines that fit.
//! Pure: no clock, no environment, no network; the same input gives the same bytes.
//! It never shows a stranger's text live, never passes a limit of Slack's, and never calls a line shown whose text is
//! not in the message.

mod choice;
mod cut_lines;
mod fit;
mod form;
mod names;
#[cfg(test)]
mod tests;
mod write;

use crate::notification::{Detail, Notification, Style};
use crate::slack::message::Message;

pub(crate) use form::Form;

/// Whom messages come from and where they go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// Channel, for legacy webhooks.
    pub channel: Option<String>,
    /// User name, with a bot token and for legacy webhooks.
    pub username: Option<String>,
    /// Icon, as the name.
    pub icon_emoji: Option<String>,
    /// The end of an incident stands in its thread alone, where there are threads.
    pub end_in_thread: bool,
}

/// How the operator wants messages to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageStyle {
    /// What they say.
    pub content: Style,
    /// Whom they come from.
    pub sender: Sender,
}

/// A notification as Slack's messages.
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

/// A notification in both forms. It is asked for at one level of detail after the other, until there is room for lines.
#[must_use]
pub fn render<'a>(notification: impl Fn(Detail) -> Notification<'a>, sender: &Sender) -> Rendered {
    let blocks = fit::fit(Form::Blocks, &notification, sender);
    let plain = fit::fit(Form::Text, &notification, sender);
    Rendered {
        message: blocks.message,
        shown: blocks.shown,
        plain: plain.message,
        plain_shown: plain.shown,
        id: plain.notification.id.into_owned(),
    }
}

/// The same in one form, and how many lines it shows.
pub(crate) fn render_form<'a>(
    form: Form,
    notification: impl Fn(Detail) -> Notification<'a>,
    sender: &Sender,
) -> (Message, u64) {
    let fitted = fit::fit(form, notification, sender);
    (fitted.message, fitted.shown)
}

impl From<Style> for MessageStyle {
    fn from(content: Style) -> Self {
        Self { content, sender: Sender::default() }
    }
}
