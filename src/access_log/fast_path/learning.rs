//! A line in, its fixed text and its keys out: what a template is made of.

use crate::json::ends::bare_length;

/// Formats with more fields are read the plain way.
pub(super) const MAX_FIELDS: usize = 64;
/// And those that are nested deeper.
const MAX_DEPTH: usize = 8;
/// Escaped quote, as every quote of a line stands in a batch.
const QUOTE: &str = "\\\"";

/// A line on its way to a template. The line is known to be JSON.
pub(super) struct Learning<'a> {
    rest: &'a str,
    /// Escaped text before the first value, behind it, and so on: one more than there are values.
    pub(super) fixed: Vec<String>,
    /// What is a value or an object, in the order of the line.
    pub(super) members: Vec<Member<'a>>,
    values: usize,
}

/// A member of the line's object, or of an object in it.
pub(super) struct Member<'a> {
    /// The keys that lead to it.
    pub(super) path: Vec<&'a str>,
    pub(super) kind: MemberKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberKind {
    Text,
    /// A number or a word.
    Bare,
    Object,
}

impl<'a> Learning<'a> {
    /// `None` where the line has an array, a key that stands twice in an object or is escaped, or white space other than
    /// blanks.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let mut learning =
            Learning { rest: line, fixed: vec![String::new()], members: Vec::new(), values: 0 };
        learning.object(&[])?;
        learning.space();
        learning.rest.is_empty().then_some(learning)
    }

    fn object(&mut self, path: &[&'a str]) -> Option<()> {
        self.fixed("{")?;
        self.space();
        if self.rest.starts_with('}') {
            return self.fixed("}");
        }
        loop {
            let key = self.key()?;
            let path = [path, &[key]].concat();
            if path.len() > MAX_DEPTH || self.members.iter().any(|known| known.path == path) {
                return None;
            }
            self.fixed(":")?;
            self.value(path)?;
            self.space();
            if self.rest.starts_with('}') {
                return self.fixed("}");
            }
            self.fixed(",")?;
        }
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

    fn value(&mut self, path: Vec<&'a str>) -> Option<()> {
        self.space();
        if self.rest.starts_with('{') {
            self.members.push(Member { path: path.clone(), kind: MemberKind::Object });
            return self.object(&path);
        }
        if self.values == MAX_FIELDS {
            return None;
        }
        self.values += 1;
        let text = self.rest.strip_prefix('"');
        let kind = if let Some(inner) = text {
            let length = crate::json::closing_quote(inner.as_bytes(), 0).ok()?;
            self.push(QUOTE);
            self.rest = inner.get(length + 1..)?;
            MemberKind::Text
        } else {
            let length = bare_length(self.rest.as_bytes())?;
            self.rest = self.rest.get(length..)?;
            MemberKind::Bare
        };
        self.members.push(Member { path, kind });
        self.fixed.push(String::new());
        if kind == MemberKind::Text {
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
