//! Judges blocks: their shape, Slack's limits, and who speaks in them.

use serde_json::Value;

use super::{
    Violations, characters,
    inert::{check_characters, check_emoji, check_mrkdwn, check_url},
    too_long,
};

const MAX_BLOCKS: usize = 50;
const MAX_TEXT_OBJECT_CHARS: usize = 3_000;
const MAX_HEADER_CHARS: usize = 150;
const MAX_CONTEXT_ELEMENTS: usize = 10;
const MAX_SECTION_FIELDS: usize = 10;
const MAX_SECTION_FIELD_CHARS: usize = 2_000;
/// `msg_blocks_too_long` is undocumented: 9,597 characters were seen to pass, 11,341 were not.
const MAX_BLOCK_TEXT_CHARS: usize = 9_500;

/// Judges one block.
pub(super) fn check(pointer: &str, block: &Value, operator_words: &[String]) -> Violations {
    match block["type"].as_str() {
        Some("divider") => vec![],
        Some("header") => {
            let mut violations =
                check_text_object(&format!("{pointer}/text"), &block["text"], MAX_HEADER_CHARS);
            if block["text"]["type"] != "plain_text" {
                violations.push(format!("{pointer}/text: a header is plain text"));
            }
            violations
        }
        Some("section") => check_section(pointer, block),
        Some("context") => {
            let elements = list(&block["elements"]);
            let mut violations = check_count(pointer, elements, MAX_CONTEXT_ELEMENTS);
            for (index, element) in elements.iter().enumerate() {
                let pointer = format!("{pointer}/elements/{index}");
                violations.extend(check_text_object(&pointer, element, MAX_TEXT_OBJECT_CHARS));
            }
            violations
        }
        Some("rich_text") => check_rich_text(pointer, block, operator_words),
        _ => vec![format!("{pointer}: not a block that may be sent: {}", block["type"])],
    }
}

/// Judges what Slack counts over the whole message.
pub(super) fn check_totals(body: &Value) -> Violations {
    let attached = list(&body["attachments"]).iter().flat_map(|attachment| list(&attachment["blocks"]));
    let blocks: Vec<&Value> = list(&body["blocks"]).iter().chain(attached).collect();
    let mut violations = too_long("", "the list of all blocks", blocks.len(), MAX_BLOCKS);
    let chars = blocks.iter().map(|block| shown_chars(block)).sum();
    violations.extend(too_long("", "the text of all blocks", chars, MAX_BLOCK_TEXT_CHARS));
    violations
}

/// The characters of every string under a key `text`, at any depth, and of links that have no label.
fn shown_chars(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(shown_chars).sum(),
        Value::Object(fields) => {
            let shown = if fields.contains_key("text") { "text" } else { "url" };
            let own = fields.get(shown).and_then(Value::as_str).map_or(0, characters);
            own + fields.values().map(shown_chars).sum::<usize>()
        }
        _ => 0,
    }
}

fn check_section(pointer: &str, block: &Value) -> Violations {
    let mut violations = Violations::new();
    if block["text"].is_null() && block["fields"].is_null() {
        violations.push(format!("{pointer}: a section without text and fields"));
    }
    if !block["text"].is_null() {
        let pointer = format!("{pointer}/text");
        violations.extend(check_text_object(&pointer, &block["text"], MAX_TEXT_OBJECT_CHARS));
    }
    if !block["fields"].is_null() {
        violations.extend(check_count(pointer, list(&block["fields"]), MAX_SECTION_FIELDS));
    }
    for (index, field) in list(&block["fields"]).iter().enumerate() {
        let pointer = format!("{pointer}/fields/{index}");
        violations.extend(check_text_object(&pointer, field, MAX_SECTION_FIELD_CHARS));
    }
    violations
}

fn check_text_object(pointer: &str, object: &Value, most_chars: usize) -> Violations {
    let Some(text) = object["text"].as_str() else { return vec![format!("{pointer}: no text object")] };
    let mut violations = check_length(pointer, text, most_chars);
    violations.extend(match object["type"].as_str() {
        Some("mrkdwn") => check_mrkdwn(pointer, text),
        Some("plain_text") => {
            let mut violations = check_characters(pointer, text, &['\n']);
            if object["emoji"] != false {
                violations.extend(check_emoji(pointer, text));
            }
            violations
        }
        _ => vec![format!("{pointer}: neither mrkdwn nor plain_text")],
    });
    violations
}

fn check_rich_text(pointer: &str, block: &Value, operator_words: &[String]) -> Violations {
    let parts = list(&block["elements"]);
    let mut violations = check_count(pointer, parts, usize::MAX);
    for (index, part) in parts.iter().enumerate() {
        let pointer = format!("{pointer}/elements/{index}");
        violations.extend(match part["type"].as_str() {
            Some("rich_text_list") => check_rich_text(&pointer, part, operator_words),
            Some("rich_text_section" | "rich_text_quote") => check_inline(&pointer, part, operator_words),
            Some("rich_text_preformatted") => {
                let mut violations = check_inline(&pointer, part, operator_words);
                let fits = |element: &Value| element["type"] == "text" || element["type"] == "link";
                if !list(&part["elements"]).iter().all(fits) {
                    violations.push(format!("{pointer}: preformatted holds text and links only"));
                }
                violations
            }
            _ => vec![format!("{pointer}: not an element of rich text: {}", part["type"])],
        });
    }
    violations
}

fn check_inline(pointer: &str, part: &Value, operator_words: &[String]) -> Violations {
    let elements = list(&part["elements"]);
    let mut violations = check_count(pointer, elements, usize::MAX);
    // A tab of a tab-separated line is harmless where text is preformatted.
    let allowed: &[char] = if part["type"] == "rich_text_preformatted" { &['\n', '\t'] } else { &['\n'] };
    for (index, element) in elements.iter().enumerate() {
        let pointer = format!("{pointer}/elements/{index}");
        let text = element["text"].as_str();
        violations.extend(match (element["type"].as_str(), text) {
            (Some("text"), Some(text)) => {
                let mut violations = check_length(&pointer, text, usize::MAX);
                violations.extend(check_characters(&pointer, text, allowed));
                violations
            }
            (Some("link"), text) => {
                let mut violations = check_url(&pointer, element["url"].as_str().unwrap_or_default());
                violations.extend(check_characters(&pointer, text.unwrap_or("unnamed"), &[]));
                violations
            }
            _ if as_mrkdwn(element).is_some_and(|token| operator_words.contains(&token)) => vec![],
            _ => vec![format!("{pointer}: not an element that may be sent: {element}")],
        });
    }
    violations
}

/// How the operator would have written an element that is alive by itself.
fn as_mrkdwn(element: &Value) -> Option<String> {
    let named = |field: &str| element[field].as_str();
    Some(match element["type"].as_str()? {
        "broadcast" => format!("<!{}>", named("range")?),
        "user" => format!("<@{}>", named("user_id")?),
        "usergroup" => format!("<!subteam^{}>", named("usergroup_id")?),
        "channel" => format!("<#{}>", named("channel_id")?),
        "emoji" => format!(":{}:", named("name")?),
        _ => return None,
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn check_count(pointer: &str, elements: &[Value], most: usize) -> Violations {
    if elements.is_empty() {
        return vec![format!("{pointer}: no elements")];
    }
    too_long(pointer, "the list of elements", elements.len(), most)
}

fn check_length(pointer: &str, text: &str, most_chars: usize) -> Violations {
    if text.is_empty() {
        return vec![format!("{pointer}: empty text")];
    }
    too_long(pointer, "the text", characters(text), most_chars)
}
