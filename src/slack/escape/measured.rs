//! How much room a text takes at each length that it may be cut to, without writing it for each.

use std::ops::Add;

use super::{Dialect, guard, is_harmless, mark, push_harmless, units};
use crate::slack::message::json_bytes;

/// What a text takes of a message: [`units`], and bytes of JSON without the quotes around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) units: usize,
    pub(crate) bytes: usize,
}

/// A text, measured as [`escape_within`](super::escape_within) writes it.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What stands before the text.
    guard: Size,
    /// Where each of its characters ends, without the guard.
    ends: Vec<Size>,
    /// Characters of the original.
    chars: usize,
    /// How many of them the text lacks.
    missing: usize,
    /// What the longest mark of a cut takes, in [`units`].
    mark: usize,
}

impl Measured {
    /// Measures of a text what can have room in `max` [`units`].
    pub(crate) fn new(text: &str, missing: usize, dialect: Dialect, max: usize) -> Self {
        Self { guard: Size::of(guard(text, dialect)), ..Self::unguarded(text, missing, dialect, max) }
    }

    /// The same of a text that begins no line.
    pub(super) fn unguarded(text: &str, missing: usize, dialect: Dialect, max: usize) -> Self {
        let mut written = String::new();
        let mut end = Size::default();
        let mut ends = Vec::with_capacity(text.len().min(max) + 1);
        let mut rest = text.chars();
        while end.units <= max
            && let Some(c) = rest.next()
        {
            end = end + Size::of_char(c, dialect, &mut written);
            ends.push(end);
        }
        let chars = ends.len() + rest.count() + missing;
        Self { guard: Size::default(), ends, chars, missing, mark: units(&mark(chars)) }
    }

    /// What the text takes within `max` [`units`]: of one that takes more than was measured, as much as was measured at
    /// least.
    pub(crate) fn within(&self, max: usize) -> Size {
        let Some(max) = max.checked_sub(self.guard.units) else { return Size::default() };
        let (kept, mark) = self.cut(max);
        let end = kept.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        self.guard + end + Size::of(&mark)
    }

    /// How many of its characters have room in `max` [`units`] behind the guard, and the mark for the others.
    pub(super) fn cut(&self, max: usize) -> (usize, String) {
        let whole = self.ends.last().copied().unwrap_or_default();
        if self.missing == 0 && self.ends.len() == self.chars && whole.units <= max {
            return (self.chars, String::new());
        }
        match max.checked_sub(self.mark) {
            Some(room) => {
                let kept = self.ends.partition_point(|end| end.units <= room);
                (kept, mark(self.chars - kept))
            }
            None if max == 0 => (0, String::new()),
            None => (0, "…".to_owned()),
        }
    }
}

impl Size {
    pub(crate) fn of(harmless: &str) -> Self {
        Self { units: units(harmless), bytes: json_bytes(harmless) - json_bytes("") }
    }

    fn of_char(c: char, dialect: Dialect, written: &mut String) -> Self {
        match u8::try_from(c) {
            Ok(byte) if is_harmless(byte, dialect) => {
                Self { units: 1, bytes: if matches!(byte, b'"' | b'\\') { 2 } else { 1 } }
            }
            _ => {
                written.clear();
                push_harmless(c, dialect, written);
                Self::of(written)
            }
        }
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { units: self.units + other.units, bytes: self.bytes + other.bytes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slack::escape::escape_within;

    proptest! {
        #[test]
        fn what_is_measured_is_what_is_written(
            text in "[ab\"\\\\<&>*.\u{202e}\n\u{1}😀é]{0,80}|[>1-] ?[a.)]{0,60}",
            missing in prop_oneof![Just(0_usize), 1_usize..3, 990..1_010_usize],
            max in 0_usize..120,
        ) {
            for dialect in [Dialect::Mrkdwn, Dialect::RichText] {
                let measured = Measured::new(&text, missing, dialect, 100);
                let written = Size::of(&escape_within(&text, missing, dialect, max));
                if max <= 100 {
                    prop_assert_eq!(measured.within(max), written);
                }
                let whole = Size::of(&escape_within(&text, missing, dialect, usize::MAX));
                let all = measured.within(usize::MAX);
                prop_assert!(all == whole || all.units > 100 && whole.units > 100, "{:?} {:?}", all, whole);
            }
        }
    }
}
