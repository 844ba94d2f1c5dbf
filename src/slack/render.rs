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
use fit::Fitted;

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
    /// The short id.
    pub id: String,
    /// The message of text alone, and how many lines it shows; `None` where nothing is posted.
    plain: Option<(Message, u64)>,
}

impl Rendered {
    /// The message to post where Slack refuses the other as invalid: text alone, and complete in itself. Where none was
    /// drawn, it is the other.
    #[must_use]
    pub fn plain(&self) -> &Message {
        self.plain.as_ref().map_or(&self.message, |(message, _)| message)
    }

    /// Lines whose text, whole or cut, is in [`Self::plain`].
    #[must_use]
    pub fn plain_shown(&self) -> u64 {
        self.plain.as_ref().map_or(self.shown, |(_, shown)| *shown)
    }
}

/// A notification in both forms. It is asked for at one level of detail after the other, until there is room for lines.
#[must_use]
pub fn render<'a>(notification: impl Fn(Detail) -> Notification<'a>, sender: &Sender) -> Rendered {
    let plain = Some(render_form(Form::Text, &notification, sender));
    Rendered { plain, ..render_to_show(&notification, sender) }
}

/// The same for a message that is shown and not posted.
#[must_use]
pub fn render_to_show<'a>(notification: impl Fn(Detail) -> Notification<'a>, sender: &Sender) -> Rendered {
    let Fitted { message, shown, notification } = fit::fit(Form::Blocks, notification, sender);
    Rendered { message, shown, id: notification.id.into_owned(), plain: None }
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
