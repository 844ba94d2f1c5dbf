//! Slack's limits, and how much of them a message takes up.
//!
//! Slack refuses a whole message for one limit passed: the renderer stays within them, and says what it leaves out.

use super::{Block, Message, RichText, RichTextElement, TextObject};
use crate::slack::escape::units;

/// Text in all blocks together, in [`units`].
///
/// Undocumented. 11,341 characters were seen refused (`msg_blocks_too_long`) and 9,597 accepted
/// (slackapi/bolt-js issue 2867).
pub const MAX_BLOCK_TEXT: usize = 9_500;
/// The whole body as JSON, in bytes. 17,694 were seen refused and 15,561 accepted (same source).
pub const MAX_BODY_BYTES: usize = 15_000;
/// `text` without attachments, in [`units`]. Slack was measured to split a longer one after 4,000 characters.
pub const MAX_TEXT_ONLY: usize = 3_900;
/// An attachment's fallback, in [`units`]: ours, since it repeats what the blocks say.
pub const MAX_FALLBACK: usize = 500;
/// Channel, user name, icon or colour, in [`units`]: ours, far above any that Slack knows.
pub const MAX_NAME: usize = 250;

impl Message {
    /// Text in all blocks together, links' addresses included, in [`units`].
    #[must_use]
    pub fn block_text(&self) -> usize {
        self.attachments.iter().flat_map(|attachment| &attachment.blocks).map(Block::units).sum()
    }
}

impl Block {
    fn units(&self) -> usize {
        match self {
            Self::RichText { elements } => {
                elements.iter().flat_map(RichText::elements).map(RichTextElement::units).sum()
            }
            Self::Context { elements } => {
                elements.iter().map(|TextObject::Mrkdwn { text, .. }| units(text)).sum()
            }
        }
    }
}

impl RichText {
    fn elements(&self) -> &[RichTextElement] {
        match self {
            Self::Section { elements } | Self::Preformatted { elements } => elements,
        }
    }
}

impl RichTextElement {
    fn units(&self) -> usize {
        match self {
            Self::Text { text, .. } => units(text),
            Self::Link { url, text } => units(url) + units(text),
        }
    }
}
