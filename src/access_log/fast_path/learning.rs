//! A line in, its fixed text and its keys out: what a template is made of.

use crate::json::ends::number_length;

/// Formats with more fields are read the plain way.
pub(super) const MAX_FIELDS: usize = 64;
/// Escaped quote, as every quote of a line stands in a batch.
const QUOTE: &str = "\\\"";

/// A line on its way to a template. The line is known to be JSON.
pub(super) struct Learning<'a> {
    rest: &'a str,
    /// Escaped text before the first value, behind it, and so on: one more than there are values.
    pub(super) fixed: Vec<String>,
    /// The key of each value, and whether it is a text.
    pub(super) values: Vec<(&'a str, bool)>,
}

impl<'a> Learning<'a> {
    /// `None` where the line is no flat object of texts and whole numbers without escapes.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let mut learning = Learning { rest: line, fixed: vec![String::new()], values: Vec::new() };
        learning.object()?;
        Some(learning)
    }

    fn object(&mut self) -> Option<()> {
        self.fixed("{")?;
        loop {
            let key = self.key()?;
            if self.values.iter().any(|(known, _)| *known == key) || self.values.len() == MAX_FIELDS {
                return None;
            }
            self.fixed(":")?;
            self.value(key)?;
            self.space();
            if self.rest.starts_with('}') {
                break;
            }
            self.fixed(",")?;
        }
        self.fixed("}")?;
        self.space();
        self.rest.is_empty().then_some(())
    }

    /// A key without escapes, and the quotes around it.
    fn key(&mut self) -> Option<&'a str> {
        self.space();
        let inner = self.rest.strip_prefix('"')?;
        let key = inner.split('"').next()?;
        if key.contains('\\') {
            return None;
        }
        self.push(QUOTE);
        self.push(key);
        self.push(QUOTE);
        self.rest = inner.get(key.len() + 1..)?;
        self.space();
        Some(key)
    }

    fn value(&mut self, key: &'a str) -> Option<()> {
        self.space();
        let text = self.rest.strip_prefix('"');
        if let Some(inner) = text {
            let value = inner.split('"').next()?;
            if value.contains('\\') {
                return None;
            }
            self.push(QUOTE);
            self.rest = inner.get(value.len() + 1..)?;
        } else {
            let length = number_length(self.rest.as_bytes())?;
            self.rest = self.rest.get(length..)?;
        }
        self.values.push((key, text.is_some()));
        self.fixed.push(String::new());
        if text.is_some() {
            self.push(QUOTE);
        }
        Some(())
    }

    /// White space and then this text, both of which every line of the format has.
    fn fixed(&mut self, text: &str) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(text)?;
        self.push(text);
        Some(())
    }

    /// Blanks. Other white space stands escaped in a batch, so that such a line is read the plain way.
    fn space(&mut self) {
        let behind = self.rest.trim_start_matches(' ');
        let blanks = self.rest.len() - behind.len();
        self.push(&" ".repeat(blanks));
        self.rest = behind;
    }

    fn push(&mut self, text: &str) {
        if let Some(fixed) = self.fixed.last_mut() {
            fixed.push_str(text);
        }
    }
}
