//! How long a message is as JSON, measured without writing it.

use super::{Attachment, Block, Message, RichText, RichTextElement, TextObject, TextStyle, json_bytes};

impl Message {
    /// The length of the body as JSON, in bytes of UTF-8.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        let Self { channel, username, icon_emoji, text, attachments, unfurl_links, unfurl_media } = self;
        object([
            ("channel", channel.as_deref().map(json_bytes)),
            ("username", username.as_deref().map(json_bytes)),
            ("icon_emoji", icon_emoji.as_deref().map(json_bytes)),
            ("text", Some(json_bytes(text))),
            ("attachments", (!attachments.is_empty()).then(|| array(attachments, attachment))),
            ("unfurl_links", Some(boolean(*unfurl_links))),
            ("unfurl_media", Some(boolean(*unfurl_media))),
        ])
    }
}

fn attachment(Attachment { color, fallback, blocks }: &Attachment) -> usize {
    object([
        ("color", color.as_deref().map(json_bytes)),
        ("fallback", Some(json_bytes(fallback))),
        ("blocks", Some(array(blocks, block))),
    ])
}

fn block(block: &Block) -> usize {
    match block {
        Block::RichText { elements } => tagged("rich_text", [("elements", Some(array(elements, rich_text)))]),
        Block::Context { elements } => tagged("context", [("elements", Some(array(elements, text_object)))]),
    }
}

fn rich_text(part: &RichText) -> usize {
    let (tag, elements) = match part {
        RichText::Section { elements } => ("rich_text_section", elements),
        RichText::Preformatted { elements } => ("rich_text_preformatted", elements),
    };
    tagged(tag, [("elements", Some(array(elements, element)))])
}

fn element(element: &RichTextElement) -> usize {
    match element {
        RichTextElement::Text { text, style } => {
            let style = style.map(|TextStyle { bold }| object([("bold", Some(boolean(bold)))]));
            tagged("text", [("text", Some(json_bytes(text))), ("style", style)])
        }
        RichTextElement::Link { url, text } => {
            tagged("link", [("url", Some(json_bytes(url))), ("text", Some(json_bytes(text)))])
        }
    }
}

fn text_object(TextObject::Mrkdwn { text, verbatim }: &TextObject) -> usize {
    tagged("mrkdwn", [("text", Some(json_bytes(text))), ("verbatim", Some(boolean(*verbatim)))])
}

/// An object of members by name, of which some may be absent.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, Option<usize>)>) -> usize {
    let present = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    present.fold("{".len(), |sum, (name, value)| sum + "\"\":,".len() + name.len() + value).max("{}".len())
}

fn tagged<'a>(tag: &'a str, members: impl IntoIterator<Item = (&'a str, Option<usize>)>) -> usize {
    object([("type", Some(json_bytes(tag)))].into_iter().chain(members))
}

fn array<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold("[".len(), |sum, item| sum + bytes(item) + ",".len()).max("[]".len())
}

fn boolean(value: bool) -> usize {
    if value { "true".len() } else { "false".len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        "[a\"\\\\\n\u{1}é😀]{0,8}"
    }

    fn any_element() -> impl Strategy<Value = RichTextElement> {
        let style = of(any::<bool>().prop_map(|bold| TextStyle { bold }));
        prop_oneof![
            (text(), style).prop_map(|(text, style)| RichTextElement::Text { text, style }),
            (text(), text()).prop_map(|(url, text)| RichTextElement::Link { url, text }),
        ]
    }

    fn any_block() -> impl Strategy<Value = Block> {
        let part = (any::<bool>(), vec(any_element(), 0..4)).prop_map(|(is_box, elements)| {
            if is_box { RichText::Preformatted { elements } } else { RichText::Section { elements } }
        });
        let object =
            (text(), any::<bool>()).prop_map(|(text, verbatim)| TextObject::Mrkdwn { text, verbatim });
        prop_oneof![
            vec(part, 0..4).prop_map(|elements| Block::RichText { elements }),
            vec(object, 0..3).prop_map(|elements| Block::Context { elements }),
        ]
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let bar = (of(text()), text(), vec(any_block(), 0..3));
        let bar = bar.prop_map(|(color, fallback, blocks)| Attachment { color, fallback, blocks });
        let names = [of(text()).boxed(), of(text()).boxed(), of(text()).boxed()];
        (names, text(), vec(bar, 0..3), any::<[bool; 2]>()).prop_map(|(names, text, attachments, unfurl)| {
            let ([channel, username, icon_emoji], [unfurl_links, unfurl_media]) = (names, unfurl);
            Message { channel, username, icon_emoji, text, attachments, unfurl_links, unfurl_media }
        })
    }

    proptest! {
        #[test]
        fn a_message_is_as_long_as_its_json(message in any_message()) {
            prop_assert_eq!(message.body_bytes(), message.json().len());
        }
    }
}
