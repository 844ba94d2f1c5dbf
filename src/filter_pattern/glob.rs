//! Text with `*` as a wildcard.
//!
//! In: a value as it stands in a pattern. Out: whether a text fits it, case-sensitive, in time linear in the text.
//! Never treats any other character as special: `?` is a question mark.

/// A text in which each `*` stands for any text, the empty one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    source: String,
    first: String,
    /// What follows each `*`, in order; empty when there is no `*`.
    after: Vec<String>,
}

impl Glob {
    pub(super) fn new(source: &str) -> Self {
        let mut parts = source.split('*').map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        Self { source: source.to_owned(), first, after: parts.collect() }
    }

    /// The value as written, without quotes.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((last, middle)) = self.after.split_last() else {
            return text == self.first;
        };
        let Some(mut rest) = text.strip_prefix(self.first.as_str()) else {
            return false;
        };
        for part in middle {
            let Some((_, after)) = rest.split_once(part.as_str()) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }

    /// "is", "starts with" and so on; `negated` gives the opposite.
    pub(super) fn explain(&self, negated: bool) -> String {
        let (is, starts, ends, contains, matches) = if negated {
            ("is not", "does not start with", "does not end with", "does not contain", "does not match")
        } else {
            ("is", "starts with", "ends with", "contains", "matches")
        };
        let bare = self.source.trim_matches('*');
        if !bare.contains('*') {
            let (leading, trailing) = (self.source.starts_with('*'), self.source.ends_with('*'));
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
            self.source
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
