//! Judges one posted body: what Slack would refuse, and what of a stranger's text would come alive in it.
//!
//! A body goes in; sentences come out, one for each violation, each with a JSON pointer to where it is. It
//! never looks at how the product made the body, and knows only Slack's rules and one policy: mentions stand
//! at the front of a heading, as the operator wrote them, and links lead to the AWS console.

mod blocks;
mod inert;
#[cfg(test)]
mod tests;

use serde_json::Value;

/// Above this, Slack splits the top-level text into several messages (measured by others; recommended: 4,000).
const MAX_TEXT_CHARS: usize = 4_000;
/// Of the bodies that others measured, one of 15,561 bytes passed and one of 17,694 did not.
const MAX_BODY_BYTES: usize = 15_000;
/// `too_many_attachments`.
const MAX_ATTACHMENTS: usize = 100;

/// The judge, with what the operator is allowed to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    operator_words: Vec<String>,
}

/// What was found so far.
type Violations = Vec<String>;

/// Judges a body in which the operator says nothing.
pub(crate) fn check(body: &Value) -> Violations {
    Oracle::default().check(body)
}

impl Oracle {
    /// Allows these words, mentions included, at the front of a heading.
    pub(crate) fn operator_wrote(mut self, words: &str) -> Self {
        self.operator_words.push(words.to_owned());
        self
    }

    /// Judges the bytes of a request.
    pub(crate) fn check_bytes(&self, body: &[u8]) -> Violations {
        match serde_json::from_slice(body) {
            Ok(json) => {
                let mut violations = too_long("", "the body", body.len(), MAX_BODY_BYTES);
                violations.extend(self.check_message(&json));
                violations
            }
            Err(error) => vec![format!("the body is not JSON: {error}")],
        }
    }

    /// Judges a decoded body; its size is that of its compact form.
    pub(crate) fn check(&self, body: &Value) -> Violations {
        self.check_bytes(body.to_string().as_bytes())
    }

    fn check_message(&self, body: &Value) -> Violations {
        let Some(fields) = body.as_object() else { return vec!["the body is not an object".into()] };
        let mut violations = Violations::new();
        for (name, value) in fields {
            violations.extend(self.check_field(name, value));
        }
        for required in ["text", "unfurl_links", "unfurl_media"] {
            if !fields.contains_key(required) {
                violations.push(format!("/{required}: missing"));
            }
        }
        if fields.contains_key("blocks") && fields.contains_key("attachments") {
            violations.push("/blocks: beside attachments they would stand in for the heading".into());
        }
        violations.extend(blocks::check_totals(body));
        violations
    }

    fn check_field(&self, name: &str, value: &Value) -> Violations {
        let pointer = format!("/{name}");
        match (name, value) {
            ("text", Value::String(text)) => {
                let mut violations = self.check_heading(&pointer, text);
                violations.extend(too_long(&pointer, "the text", characters(text), MAX_TEXT_CHARS));
                violations
            }
            ("attachments", Value::Array(attachments)) => {
                let mut violations = too_long(&pointer, "the list", attachments.len(), MAX_ATTACHMENTS);
                for (index, attachment) in attachments.iter().enumerate() {
                    violations.extend(self.check_attachment(&format!("{pointer}/{index}"), attachment));
                }
                violations
            }
            ("blocks", Value::Array(blocks)) => self.check_blocks(&pointer, blocks),
            ("unfurl_links" | "unfurl_media", Value::Bool(false))
            | ("channel" | "username" | "icon_emoji", Value::String(_)) => vec![],
            _ => vec![format!("{pointer}: not a field that may be sent, or not with this value")],
        }
    }

    fn check_attachment(&self, pointer: &str, attachment: &Value) -> Violations {
        let Some(fields) = attachment.as_object() else { return vec![format!("{pointer}: not an object")] };
        let mut violations = Violations::new();
        for (name, value) in fields {
            let pointer = format!("{pointer}/{name}");
            violations.extend(match (name.as_str(), value) {
                ("color", Value::String(color)) if is_color(color) => vec![],
                ("fallback", Value::String(fallback)) => self.check_heading(&pointer, fallback),
                ("blocks", Value::Array(blocks)) => self.check_blocks(&pointer, blocks),
                _ => vec![format!("{pointer}: not a field that may be sent, or not with this value")],
            });
        }
        for required in ["color", "fallback", "blocks"] {
            if !fields.contains_key(required) {
                violations.push(format!("{pointer}/{required}: missing"));
            }
        }
        violations
    }

    fn check_blocks(&self, pointer: &str, blocks: &[Value]) -> Violations {
        let check =
            |(index, block)| blocks::check(&format!("{pointer}/{index}"), block, &self.operator_words);
        let mut violations: Violations = blocks.iter().enumerate().flat_map(check).collect();
        if blocks.is_empty() {
            violations.push(format!("{pointer}: empty"));
        }
        violations
    }

    /// A text that people read first: the operator's words may stand at its front.
    fn check_heading(&self, pointer: &str, text: &str) -> Violations {
        let mut rest = text;
        let separators = [' ', '\n', '·'];
        while let Some(after) = self.operator_words.iter().find_map(|words| rest.strip_prefix(words.as_str()))
        {
            rest = after.trim_start_matches(separators);
        }
        if text.trim().is_empty() {
            return vec![format!("{pointer}: empty")];
        }
        inert::check_mrkdwn(pointer, rest)
    }
}

fn is_color(color: &str) -> bool {
    let is_hex = |digits: &str| digits.len() == 6 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    matches!(color, "good" | "warning" | "danger") || color.strip_prefix('#').is_some_and(is_hex)
}

/// Slack does not say what a character is to it; UTF-16 units are the more that it could be.
fn characters(text: &str) -> usize {
    text.encode_utf16().count()
}

fn too_long(pointer: &str, what: &str, length: usize, most: usize) -> Violations {
    if length <= most { vec![] } else { vec![format!("{pointer}: {what} is {length} long; at most {most}")] }
}
