//! Slack's limits, and a message cut down to them, whatever it was.
//!
//! Slack refuses a whole message for one limit passed, so nothing may pass one.
//! The renderer stays within them by itself and says what it leaves out; this is the net below it.

use super::{Attachment, Block, Message, RichText, RichTextElement, TextObject};
use crate::slack::escape::{cut_mrkdwn, cut_text, units};

/// Text in all blocks together, in [`units`].
///
/// Undocumented. 11,341 characters were seen refused (`msg_blocks_too_long`) and 9,597 accepted
/// (slackapi/bolt-js issue 2867).
pub const MAX_BLOCK_TEXT: usize = 9_500;
/// The whole body as JSON, in bytes. 17,694 were seen refused and 15,561 accepted (same source).
pub const MAX_BODY_BYTES: usize = 15_000;
/// `text` above attachments, in [`units`]: ours, so that the phone's notification stays of use.
pub const MAX_HEADING: usize = 1_000;
/// `text` without attachments, in [`units`]. Slack was measured to split a longer one after 4,000 characters.
pub const MAX_TEXT_ONLY: usize = 3_900;
/// An attachment's fallback, in [`units`]: ours, since it repeats what the blocks say.
pub const MAX_FALLBACK: usize = 500;
/// Attachments of a message. Slack refuses more than 100 and is said to recommend no more than 20.
pub const MAX_ATTACHMENTS: usize = 20;
/// Blocks of a message (Block Kit reference).
pub const MAX_BLOCKS: usize = 50;
/// Elements of a context block (types of Slack's Node SDK).
pub const MAX_CONTEXT_ELEMENTS: usize = 10;
/// A text object, in [`units`] (types of Slack's Node SDK).
pub const MAX_TEXT_OBJECT: usize = 3_000;
/// Channel, user name, icon or colour, in [`units`]: ours, far above any that Slack knows.
pub const MAX_NAME: usize = 250;

impl Message {
    /// Text in all blocks together, links' addresses included, in [`units`].
    #[must_use]
    pub fn block_text(&self) -> usize {
        self.attachments.iter().flat_map(|attachment| &attachment.blocks).map(Block::units).sum()
    }

    /// The message within all limits: unchanged if it was, else with its longest parts cut and marked,
    /// and with the last attachments and blocks left out where there are too many.
    #[must_use]
    pub fn within_limits(self) -> Self {
        let (mut text, mut blocks) = match self.attachments.as_slice() {
            [] => (MAX_TEXT_ONLY, 0),
            _ => (MAX_HEADING, MAX_BLOCK_TEXT),
        };
        loop {
            let limited = self.limited(text, blocks);
            if limited.body_bytes() <= MAX_BODY_BYTES || text == 0 {
                return limited;
            }
            // Each attempt starts from the original, so that a mark always counts from there.
            if blocks > 0 {
                blocks = blocks * 3 / 4;
            } else {
                text = text * 3 / 4;
            }
        }
    }

    fn limited(&self, max_text: usize, max_block_text: usize) -> Self {
        let name = |name: &Option<String>| name.as_ref().map(|name| cut_text(name, MAX_NAME));
        let mut room = Room { text: max_block_text, blocks: MAX_BLOCKS };
        let attachments = self.attachments.iter().take(MAX_ATTACHMENTS);
        Self {
            channel: name(&self.channel),
            username: name(&self.username),
            icon_emoji: name(&self.icon_emoji),
            text: cut_mrkdwn(&self.text, max_text),
            attachments: attachments.filter_map(|attachment| room.attachment(attachment)).collect(),
            unfurl_links: false,
            unfurl_media: false,
        }
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

/// What is left for the blocks to come. Empty texts, parts and blocks, which Slack refuses, are left out.
struct Room {
    text: usize,
    blocks: usize,
}

impl Room {
    fn attachment(&mut self, attachment: &Attachment) -> Option<Attachment> {
        let blocks: Vec<Block> = attachment.blocks.iter().filter_map(|block| self.block(block)).collect();
        (!blocks.is_empty()).then(|| Attachment {
            color: attachment.color.as_ref().map(|color| cut_text(color, MAX_NAME)),
            fallback: cut_mrkdwn(&attachment.fallback, MAX_FALLBACK),
            blocks,
        })
    }

    fn block(&mut self, block: &Block) -> Option<Block> {
        let blocks_left = self.blocks.checked_sub(1)?;
        let block = match block {
            Block::RichText { elements } => {
                let elements: Vec<_> = elements.iter().filter_map(|part| self.rich_text(part)).collect();
                (!elements.is_empty()).then_some(Block::RichText { elements })
            }
            Block::Context { elements } => {
                let elements = elements.iter().take(MAX_CONTEXT_ELEMENTS);
                let elements: Vec<_> = elements.filter_map(|text| self.text_object(text)).collect();
                (!elements.is_empty()).then_some(Block::Context { elements })
            }
        }?;
        self.blocks = blocks_left;
        Some(block)
    }

    fn rich_text(&mut self, part: &RichText) -> Option<RichText> {
        let elements: Vec<_> = part.elements().iter().filter_map(|element| self.element(element)).collect();
        (!elements.is_empty()).then_some(match part {
            RichText::Section { .. } => RichText::Section { elements },
            RichText::Preformatted { .. } => RichText::Preformatted { elements },
        })
    }

    fn element(&mut self, element: &RichTextElement) -> Option<RichTextElement> {
        let element = match element {
            RichTextElement::Text { text, style } => {
                RichTextElement::Text { text: non_empty(cut_text(text, self.text))?, style: *style }
            }
            // Half an address leads nowhere, so a link is whole or left out.
            RichTextElement::Link { .. } => element.clone(),
        };
        self.text = self.text.checked_sub(element.units())?;
        Some(element)
    }

    fn text_object(&mut self, text: &TextObject) -> Option<TextObject> {
        let TextObject::Mrkdwn { text, verbatim } = text;
        let text = non_empty(cut_mrkdwn(text, self.text.min(MAX_TEXT_OBJECT)))?;
        self.text = self.text.checked_sub(units(&text))?;
        Some(TextObject::Mrkdwn { text, verbatim: *verbatim })
    }
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_blocks(blocks: Vec<Block>) -> Message {
        let mut message = Message::new("heading");
        message.attachments = vec![Attachment { color: None, fallback: "fallback".to_owned(), blocks }];
        message
    }

    fn rich(text: &str) -> Block {
        Block::RichText { elements: vec![RichText::Section { elements: vec![RichTextElement::text(text)] }] }
    }

    #[test]
    fn a_message_at_every_limit_is_left_alone_and_one_beyond_is_cut() {
        type Make = fn(usize) -> Message;
        let cases: [(usize, Make); 7] = [
            (MAX_HEADING, |n| Message { text: "x".repeat(n), ..of_blocks(vec![rich("x")]) }),
            (MAX_TEXT_ONLY, |n| Message::new("x".repeat(n))),
            (MAX_BLOCK_TEXT, |n| of_blocks(vec![rich(&"x".repeat(n))])),
            (MAX_TEXT_OBJECT, |n| of_blocks(vec![Block::context("x".repeat(n))])),
            (MAX_BLOCKS, |n| of_blocks(vec![rich("x"); n])),
            (MAX_NAME, |n| Message { channel: Some("x".repeat(n)), ..Message::new("x") }),
            (MAX_CONTEXT_ELEMENTS, |n| {
                let text = TextObject::Mrkdwn { text: "x".to_owned(), verbatim: true };
                of_blocks(vec![Block::Context { elements: vec![text; n] }])
            }),
        ];
        for (limit, make) in cases {
            for within in [limit - 1, limit] {
                assert_eq!(make(within).within_limits(), make(within), "{within} of {limit}");
            }
            assert_ne!(make(limit + 1).within_limits(), make(limit + 1), "{limit} and one more");
        }
    }

    #[test]
    fn attachments_beyond_the_limit_are_left_out() {
        let one = of_blocks(vec![rich("x")]);
        let many = |n| Message {
            attachments: one.attachments.iter().cycle().take(n).cloned().collect(),
            ..one.clone()
        };
        assert_eq!(many(MAX_ATTACHMENTS).within_limits().attachments.len(), MAX_ATTACHMENTS);
        assert_eq!(many(MAX_ATTACHMENTS + 1).within_limits().attachments.len(), MAX_ATTACHMENTS);
    }

    #[test]
    fn a_body_of_just_the_limit_is_left_alone_and_one_byte_more_is_cut() {
        let filled = |n: usize| of_blocks(vec![rich(&"\"".repeat(n))]);
        let overhead = filled(0).body_bytes();
        let n = (MAX_BODY_BYTES - overhead) / 2;
        let odd = (MAX_BODY_BYTES - overhead) % 2;
        let at_limit = Message { text: format!("heading{}", "x".repeat(odd)), ..filled(n) };
        assert_eq!(at_limit.body_bytes(), MAX_BODY_BYTES);
        assert_eq!(at_limit.clone().within_limits(), at_limit);
        let over = Message { text: at_limit.text.clone() + "x", ..at_limit };
        let limited = over.clone().within_limits();
        assert!(limited.body_bytes() <= MAX_BODY_BYTES);
        assert_eq!(limited.text, over.text, "what goes first is text in blocks");
    }

    #[test]
    fn a_cut_says_how_much_of_the_original_is_missing() {
        let limited = of_blocks(vec![rich(&"\"".repeat(20_000))]).within_limits();
        let body = serde_json::to_string(&limited).expect("serializes");
        let kept = body.matches("\\\"").count();
        assert!(
            body.contains(&format!("… ({} more characters)", crate::words::number(20_000 - kept as u64)))
        );
    }

    #[test]
    fn what_slack_refuses_for_being_empty_is_left_out() {
        let message = of_blocks(vec![
            rich(""),
            Block::context(""),
            Block::RichText { elements: vec![] },
            Block::RichText { elements: vec![RichText::Preformatted { elements: vec![] }] },
        ]);
        assert_eq!(message.within_limits().attachments, []);
    }

    #[test]
    fn a_link_that_does_not_fit_is_left_out_whole() {
        let link = |n| RichTextElement::Link { url: "u".repeat(n), text: "label".to_owned() };
        let message = |n| {
            let elements = vec![RichTextElement::text("x"), link(n)];
            of_blocks(vec![Block::RichText { elements: vec![RichText::Section { elements }] }])
        };
        assert_eq!(message(MAX_BLOCK_TEXT - 6).within_limits(), message(MAX_BLOCK_TEXT - 6));
        assert_eq!(message(MAX_BLOCK_TEXT - 5).within_limits(), of_blocks(vec![rich("x")]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn whatever_comes_is_within_limits(
            text in "[a<&>\\PC\0\"😀]{0,1500}",
            parts in prop::collection::vec(prop::collection::vec("[a\"\0😀&;]{0,700}", 0..4), 0..30),
        ) {
            let mut message = Message { channel: Some(text.clone()), ..Message::new(text.clone()) };
            message.attachments = parts.iter().map(|texts| Attachment {
                color: Some(text.clone()),
                fallback: text.clone(),
                blocks: texts.iter().flat_map(|text| [rich(text), Block::context(text.clone())]).collect(),
            }).collect();
            let limited = message.within_limits();
            prop_assert!(limited.body_bytes() <= MAX_BODY_BYTES);
            prop_assert!(limited.block_text() <= MAX_BLOCK_TEXT);
            let max_text = if parts.is_empty() { MAX_TEXT_ONLY } else { MAX_HEADING };
            prop_assert!(units(&limited.text) <= max_text);
            prop_assert_eq!(limited.clone().within_limits(), limited);
        }
    }
}
