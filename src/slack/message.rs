//! The body of a Slack message, as it goes over the wire and as it is read back.
//!
//! It knows Slack's shapes and limits and nothing of errors or logs.
//! It has no `link_names` and no `parse`: Slack makes no mention of what is not written as one.

mod body_bytes;
mod limits;

use serde::{Deserialize, Serialize};

pub use limits::{MAX_BLOCK_TEXT, MAX_BODY_BYTES, MAX_FALLBACK, MAX_NAME, MAX_TEXT_ONLY};

/// Enough for the body of most messages.
const USUAL_BODY_BYTES: usize = 4 * 1024;

/// What is posted to an incoming webhook.
///
/// With attachments and no blocks of its own, Slack shows `text` above the bars
/// and takes it for the phone's notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Channel to post to. Only legacy custom webhooks honour it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Name to post under. Only legacy custom webhooks honour it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Icon to post with, such as `:rotating_light:`. Only legacy custom webhooks honour it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_emoji: Option<String>,
    /// The heading, or the whole message where there are no attachments: mrkdwn.
    pub text: String,
    /// What stands beside the coloured bars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Whether Slack may preview linked pages: never.
    pub unfurl_links: bool,
    /// Whether Slack may preview linked media: never.
    pub unfurl_media: bool,
}

/// A coloured bar with blocks beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// `good`, `warning`, `danger` or `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The attachment in plain words, for clients that show no blocks: mrkdwn.
    pub fallback: String,
    /// What it shows.
    pub blocks: Vec<Block>,
}

/// A block of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Text that Slack does not parse.
    RichText {
        /// Its parts, at least one.
        elements: Vec<RichText>,
    },
    /// Small grey text.
    Context {
        /// Its parts, 1 to 10.
        elements: Vec<TextObject>,
    },
}

/// A part of a `rich_text` block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum RichText {
    /// Running text; a line break is a `\n` in a text element.
    #[serde(rename = "rich_text_section")]
    Section {
        /// Its elements, at least one.
        elements: Vec<RichTextElement>,
    },
    /// A box of text in a fixed-width font.
    #[serde(rename = "rich_text_preformatted")]
    Preformatted {
        /// Its elements, at least one.
        elements: Vec<RichTextElement>,
    },
}

/// A piece of rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RichTextElement {
    /// Text as it is. Not parsed, so not escaped; never empty.
    Text {
        /// The text.
        text: String,
        /// How it looks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        style: Option<TextStyle>,
    },
    /// A link.
    Link {
        /// Where it leads.
        url: String,
        /// Its label. Not parsed, so not escaped.
        text: String,
    },
}

/// How a text element looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextStyle {
    /// Bold.
    pub bold: bool,
}

/// A text object of type `mrkdwn`, 1 to 3,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TextObject {
    /// Slack's own markup.
    Mrkdwn {
        /// The markup.
        text: String,
        /// Keeps Slack from making links of what is not written as one. Markup and dates still work.
        verbatim: bool,
    },
}

impl Message {
    /// A message of text alone.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            channel: None,
            username: None,
            icon_emoji: None,
            text: text.into(),
            attachments: Vec::new(),
            unfurl_links: false,
            unfurl_media: false,
        }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let mut body = Vec::with_capacity(USUAL_BODY_BYTES);
        // Strings, numbers and lists always serialize, and to UTF-8.
        let written = serde_json::to_writer(&mut body, self);
        written.ok().and_then(|()| String::from_utf8(body).ok()).unwrap_or_default()
    }
}

/// The length of a text as a JSON string, in bytes of UTF-8.
pub(super) fn json_bytes(text: &str) -> usize {
    let bytes = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        ..0x20 => "\\u0000".len(),
        _ => 1,
    };
    text.bytes().map(bytes).sum::<usize>() + "\"\"".len()
}

impl Block {
    /// A context block of one piece of mrkdwn.
    #[must_use]
    pub fn context(mrkdwn: impl Into<String>) -> Self {
        Self::Context { elements: vec![TextObject::Mrkdwn { text: mrkdwn.into(), verbatim: true }] }
    }
}

impl RichTextElement {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), style: None }
    }

    /// What a reader sees of it.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Text { text, .. } | Self::Link { text, .. } => text,
        }
    }

    /// Bold text.
    #[must_use]
    pub fn bold(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), style: Some(TextStyle { bold: true }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_as_long_as_its_json(text in "\\PC{0,40}|[\"\\\\\u{0}-\u{20}\u{7f}é]{0,40}") {
            prop_assert_eq!(json_bytes(&text), serde_json::to_string(&text).unwrap().len());
        }
    }
}
