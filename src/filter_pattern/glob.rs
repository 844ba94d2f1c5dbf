//! A value of a pattern with `*` as a wildcard: whether a text fits it, case-sensitive, and what that means in words.
//!
//! Never treats any other character as special: `?` is a question mark.

use crate::glob;

/// A text in which each `*` stands for any text, the empty one too.
#[derive(Debug, Clone)]
pub(super) struct Glob(glob::Glob);

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Glob {
    pub(super) fn new(source: &str) -> Self {
        Self(glob::Glob::new(source))
    }

    /// The value as written, without quotes.
    pub(super) fn source(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }

    /// "is", "starts with" and so on; `negated` gives the opposite.
    pub(super) fn explain(&self, negated: bool) -> String {
        let (is, starts, ends, contains, matches) = if negated {
            ("is not", "does not start with", "does not end with", "does not contain", "does not match")
        } else {
            ("is", "starts with", "ends with", "contains", "matches")
        };
        let bare = self.source().trim_matches('*');
        if !bare.contains('*') {
            let (leading, trailing) = (self.source().starts_with('*'), self.source().ends_with('*'));
            return match (leading, trailing) {
                (false, false) => format!("{is} {bare:?}"),
                (false, true) => format!("{starts} {bare:?}"),
                (true, false) => format!("{ends} {bare:?}"),
                (true, true) if bare.is_empty() && negated => "never: nothing differs from `*`".to_owned(),
                (true, true) if bare.is_empty() => "is anything".to_owned(),
                (true, true) => format!("{contains} {bare:?}"),
            };
        }
        format!(
            "{matches} {:?} (`*` is any text; AWS documents it only at the start and at the end)",
            self.source()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_is_special() {
        let cases = [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("abc", "ABC", false),
            ("4*", "403", true),
            ("4*", "4", true),
            ("4*", "1403", false),
            ("*.html", "index.html", true),
            ("*.html", "index.html5", false),
            ("*.html*", "GET /index.html HTTP/1.0", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a?b", "axb", false),
            ("a?b", "a?b", true),
            ("a*c", "abbc", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a**c", "ac", true),
            ("ab*b", "ab", false),
            ("*é*", "caf\u{e9}s", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
