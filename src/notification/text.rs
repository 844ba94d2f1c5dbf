//! A text in pieces, each tagged with whose it is.
//!
//! It is written in no markup: who writes it escapes each piece for where it goes.

use std::borrow::Cow;

/// Pieces that are read as one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text<'a> {
    pieces: Vec<Piece<'a>>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Our own words. They are no markup either.
    Ours(Cow<'static, str>),
    /// A stranger's words.
    Stranger(Stranger<'a>),
    /// A stranger's name for something, shown so that no one can take it for another name of its set.
    Name {
        /// The set, by its place in [`Notification::names`](super::Notification::names).
        set: usize,
        /// The name, by its place in the set.
        index: usize,
    },
    /// A link of our own or the operator's.
    Link {
        /// Where it leads.
        url: Cow<'a, str>,
        /// Our own words for it.
        label: Cow<'static, str>,
        /// What these are where the section does not show all of its lines.
        label_of_more: Option<String>,
    },
}

/// A stranger's words: shown, but never obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger<'a> {
    /// The words.
    pub text: Cow<'a, str>,
    /// The most UTF-16 code units that they may take once they are written, the mark of a cut included.
    pub max: usize,
}

/// Names that must be told apart, however they are cut and escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSet<'a> {
    /// The names.
    pub names: Vec<&'a str>,
    /// The most UTF-16 code units that each may take once it is written.
    pub max: usize,
}

impl<'a> Text<'a> {
    /// Its pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece<'a>] {
        &self.pieces
    }

    /// A text of our own words.
    #[must_use]
    pub fn of(words: impl Into<Cow<'static, str>>) -> Self {
        Self { pieces: vec![Piece::Ours(words.into())] }
    }

    /// A text of a stranger's words.
    #[must_use]
    pub fn of_stranger(text: impl Into<Cow<'a, str>>, max: usize) -> Self {
        Self::default().stranger(text, max)
    }

    /// Goes on in our own words.
    #[must_use]
    pub fn ours(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.pieces.push(Piece::Ours(words.into()));
        self
    }

    /// Goes on in a stranger's words.
    #[must_use]
    pub fn stranger(mut self, text: impl Into<Cow<'a, str>>, max: usize) -> Self {
        self.pieces.push(Piece::Stranger(Stranger { text: text.into(), max }));
        self
    }

    /// Goes on with a name of a set.
    #[must_use]
    pub fn name(mut self, set: usize, index: usize) -> Self {
        self.pieces.push(Piece::Name { set, index });
        self
    }

    /// A link, and what its label is where not all lines are shown.
    #[must_use]
    pub fn link(
        url: impl Into<Cow<'a, str>>,
        label: impl Into<Cow<'static, str>>,
        label_of_more: Option<String>,
    ) -> Self {
        Self { pieces: vec![Piece::Link { url: url.into(), label: label.into(), label_of_more }] }
    }

    /// Goes on with another text.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// The texts with our own words between them.
    #[must_use]
    pub fn join(texts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut texts = texts.into_iter();
        let first = texts.next().unwrap_or_default();
        texts.fold(first, |all, text| all.ours(between).append(text))
    }
}

#[cfg(test)]
impl Text<'_> {
    /// All words as they came; names of sets are left out.
    pub(crate) fn words(&self) -> String {
        let words = self.pieces.iter().map(|piece| match piece {
            Piece::Ours(words) => words.as_ref(),
            Piece::Stranger(stranger) => stranger.text.as_ref(),
            Piece::Name { .. } => "",
            Piece::Link { label, .. } => label.as_ref(),
        });
        words.collect()
    }
}

impl From<String> for Text<'_> {
    /// Our own words.
    fn from(words: String) -> Self {
        Self::of(words)
    }
}

impl From<&'static str> for Text<'_> {
    /// Our own words.
    fn from(words: &'static str) -> Self {
        Self::of(words)
    }
}
