//! A YAML or JSON document as a tree that knows its lines.
//!
//! In: what a parser read. Out: look-ups by key. Never deeper than [`MAX_DEPTH`].

use std::rc::Rc;

/// Deeper documents are refused.
pub(super) const MAX_DEPTH: usize = 128;

/// A key is looked for in so many merged maps: maps that merge each other multiply.
const MAX_MERGED: usize = 128;

/// One value of a document.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// How many levels are below it, through aliases too; counted where there are aliases.
    pub(super) height: usize,
    /// A tag of YAML without its `!`, such as `Sub`.
    pub(super) tag: Option<String>,
    pub(super) content: Content,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A text, a number, true, false or null.
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    /// Members in the order in which they are written.
    Map(Vec<Member>),
}

/// A scalar, with whether it was quoted.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it is a text for sure, so that `null` and `true` are only letters.
    pub(super) quoted: bool,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) key: String,
    /// The line on which the key stands, from 1.
    pub(super) line: usize,
    pub(super) value: Rc<Node>,
}

impl Node {
    /// The member of that name; with YAML's merge key `<<`, also one of the map that is merged.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let mut left = MAX_MERGED;
        self.get_within(key, &mut left)
    }

    fn get_within(&self, key: &str, left: &mut usize) -> Option<&Self> {
        let members = self.members();
        let own = members.iter().rev().find(|member| member.key == key).map(|member| &*member.value);
        own.or_else(|| {
            let mut merged = members.iter().filter(|member| member.key == "<<");
            merged.find_map(|member| {
                *left = left.checked_sub(1)?;
                member.value.get_within(key, left)
            })
        })
    }

    /// The members of a map; none of anything else.
    pub(super) fn members(&self) -> &[Member] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Rc<Self>] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }
}
