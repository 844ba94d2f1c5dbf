//! A text with `*` in, a matcher out whose time grows with the text only, never with text times pattern.
//!
//! It never backtracks: what stands before the first `*` and after the last is compared in place,
//! and of what stands between, the leftmost find is always good enough.

use std::borrow::Cow;

use memchr::memmem::Finder;

/// A pattern for a whole text, in which `*` stands for any characters, also for none.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    text: Box<str>,
    head: Box<str>,
    /// `None` where the pattern has no `*`, so that the text must equal the head.
    rest: Option<Rest>,
}

#[derive(Debug, Clone)]
struct Rest {
    needles: Vec<Finder<'static>>,
    tail: Box<str>,
}

impl Glob {
    pub(crate) fn new(text: &str) -> Self {
        let (head, rest) = match text.split_once('*') {
            None => (text, None),
            Some((head, rest)) => {
                let (between, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
                let needles = between.split('*').filter(|needle| !needle.is_empty());
                let needles = needles.map(|needle| Finder::new(needle).into_owned()).collect();
                (head, Some(Rest { needles, tail: tail.into() }))
            }
        };
        Self { text: text.into(), head: head.into(), rest }
    }

    /// A pattern to which A to Z and a to z are the same, for texts that went through [`fold`].
    pub(crate) fn folded(text: &str) -> Self {
        Self::new(&fold(text))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(Rest { needles, tail }) = &self.rest else {
            return *text == *self.head;
        };
        let middle = text.strip_prefix(&*self.head).and_then(|text| text.strip_suffix(&**tail));
        let Some(mut middle) = middle.map(str::as_bytes) else {
            return false;
        };
        for needle in needles {
            let after = needle.find(middle).map(|at| at + needle.needle().len());
            match after.and_then(|after| middle.get(after..)) {
                Some(after) => middle = after,
                None => return false,
            }
        }
        true
    }

    /// The pattern as it was given. It stands for all texts that it matches: a pattern that matches it matches them.
    ///
    /// For a pattern's own parts never hold a `*`, so in this text a `*` can only be taken by a `*` of the other.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// The text with a to z as A to Z; borrowed where it has none of them.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_is_held_against_the_whole_text() {
        let check = |pattern: &str, matching: &[&str], other: &[&str]| {
            let glob = Glob::new(pattern);
            for text in matching.iter().chain(other) {
                assert_eq!(glob.matches(text), matching.contains(text), "{pattern:?} on {text:?}");
            }
        };
        check("", &[""], &["a"]);
        check("*", &["", "a", "a*b\n"], &[]);
        check("/health", &["/health"], &["/healthz", "/v1/health", "/Health"]);
        check("/health*", &["/health", "/health/live"], &["/v1/health"]);
        check("*/checkout", &["/checkout", "/v1/checkout"], &["/checkout/"]);
        check("a*a", &["aa", "aba"], &["a"]);
        check("*ab*ba*", &["abba", "xabxbax"], &["aba", "baab"]);
        check("a**b", &["ab", "axb"], &["a"]);
    }

    #[test]
    fn folding_makes_ascii_case_the_same_and_leaves_other_letters() {
        assert!(Glob::folded("*curl/*").matches(&fold("Curl/8.0")));
        assert!(!Glob::folded("é").matches(&fold("É")));
        assert!(matches!(fold("GET"), Cow::Borrowed(_)));
    }

    /// Obvious and slow: try every length for each `*`.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
            [first, rest @ ..] => text.first() == Some(first) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_trying_everything(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            prop_assert_eq!(Glob::new(&pattern).matches(&text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn what_covers_matches_whatever_the_covered_one_matches(
            wide in "[ab*]{0,5}", narrow in "[ab*]{0,5}", text in "[ab]{0,7}",
        ) {
            let (wide, narrow) = (Glob::new(&wide), Glob::new(&narrow));
            if wide.matches(narrow.as_str()) && narrow.matches(&text) {
                prop_assert!(wide.matches(&text));
            }
        }
    }
}
