//! Draws a message as HTML, as a person would see it in Slack.

use maud::{Markup, html};

use super::clean;
use crate::slack::message::{Attachment, Block, Message, RichText, RichTextElement, TextObject};
use crate::slack::terminal::seen_text;

/// The message, without links: the report leads nowhere.
pub(super) fn message(message: &Message) -> Markup {
    html! {
        p.said { (clean(&seen_text(&message.text))) }
        @for attachment in &message.attachments { (bar(attachment)) }
    }
}

fn bar(attachment: &Attachment) -> Markup {
    let severity = match attachment.color.as_deref() {
        Some("good") => "bar good",
        Some("warning") => "bar warning",
        Some("danger") => "bar danger",
        _ => "bar",
    };
    html! {
        div class=(severity) {
            @for block in &attachment.blocks {
                @match block {
                    Block::RichText { elements } => { @for part in elements { (rich_text(part)) } }
                    Block::Context { elements } => {
                        p.faint { @for TextObject::Mrkdwn { text, .. } in elements { (clean(&seen_text(text))) " " } }
                    }
                }
            }
        }
    }
}

fn rich_text(part: &RichText) -> Markup {
    match part {
        RichText::Section { elements } => html! {
            div.rows { @for element in elements { (piece(element)) } }
        },
        RichText::Preformatted { elements } => {
            let text: String = elements.iter().map(RichTextElement::shown).collect();
            html! { pre tabindex="0" { (clean(&text)) } }
        }
    }
}

fn piece(element: &RichTextElement) -> Markup {
    let text = clean(element.shown());
    match element {
        RichTextElement::Text { style: Some(style), .. } if style.bold => html! { b { (text) } },
        RichTextElement::Text { .. } | RichTextElement::Link { .. } => html! { (text) },
    }
}
