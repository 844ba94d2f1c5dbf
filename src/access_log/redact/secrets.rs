//! A text in, the places of the secrets in it out: what clients send to prove who they are.
//!
//! It goes by shape (a JSON Web Token, a key of a known provider), by what stands before (`Bearer`, `x-api-key:`), and
//! takes every value of a query string. It rather takes a word too many than a secret too few, and never a name.

mod automaton;
mod named;
pub(super) mod names;
mod query;
mod tokens;
mod triggers;

use std::borrow::Cow;
use std::ops::Range;

pub(super) use named::sent_with_name;
pub(super) use query::values as values_of_query;
pub(crate) use triggers::{HarmlessTexts, any_may_hold, may_hold};

use super::MASK;
use super::decoded::decoded;

/// How often what is masked is decoded and looked at again: text may be encoded in encoded text.
const MAX_ROUNDS: usize = 3;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A path or URL, with a method before it or not: its query goes to its end.
    Target,
    /// Anything else: a query in it ends at a blank or a quote.
    Text,
    /// What stands behind the question mark of a URL.
    Query,
}

impl Shape {
    /// What a value is, as far as it tells by itself.
    pub(super) fn of(text: &str) -> Self {
        let behind_method = text
            .split_once(' ')
            .filter(|(method, _)| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase()));
        let target = behind_method.map_or(text, |(_, target)| target);
        if target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://") {
            Self::Target
        } else {
            Self::Text
        }
    }
}

/// The text with its secrets masked.
pub(super) fn mask(text: &str, shape: Shape) -> Cow<'_, str> {
    if shape != Shape::Query && !may_hold(text) {
        return Cow::Borrowed(text);
    }
    let masked = masked_once(text, shape);
    let masked = sent(text).fold(masked, |masked, value| {
        if masked.contains(value) { masked.replace(value, MASK).into() } else { masked }
    });
    if !hides_more(&masked) {
        return masked;
    }
    // From the first escape on, everything may be a secret.
    let clear = masked.find(['%', '\\', '&']).unwrap_or_default();
    let kept = masked.get(..clear).unwrap_or_default();
    Cow::Owned(format!("{kept}{MASK}"))
}

/// What stands in a text behind the names of secrets and may stand elsewhere, too, as in `'X' is no valid pair in
/// Authorization header: 'X'`.
pub(super) fn sent(text: &str) -> impl Iterator<Item = &str> {
    /// More secrets than any request sends.
    const MAX: usize = 16;
    let mut places = Vec::new();
    if may_hold(text) {
        named::find(text, &mut places);
        tokens::find(text, &mut places);
    }
    let values = places.into_iter().take(MAX).filter_map(|place| text.get(place));
    values.flat_map(sent_with_name).filter(|value| is_opaque(value))
}

/// Whether a masked text still has a secret, hidden by its spelling.
pub(super) fn hides_more(masked: &str) -> bool {
    let mut said = decoded(masked);
    for _ in 0..MAX_ROUNDS {
        let Some(text) = said else { return false };
        if !find(&text, Shape::of(&text)).is_empty() {
            return true;
        }
        said = decoded(&text);
    }
    false
}

fn masked_once(text: &str, shape: Shape) -> Cow<'_, str> {
    let places = find(text, shape);
    if places.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, &places)) }
}

/// Where the secrets are, in order and apart from each other. What is masked already is none.
pub(super) fn find(text: &str, shape: Shape) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    if shape == Shape::Query {
        places.extend(query::values(text).map(|(_, value)| value));
    } else {
        query::find(text, shape, &mut places);
    }
    named::find(text, &mut places);
    tokens::find(text, &mut places);
    places.retain(|place| text.get(place.clone()).is_some_and(|value| !is_masked(value)));
    places.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut end = 0;
    places.retain_mut(|place| {
        place.start = place.start.max(end);
        end = end.max(place.end);
        place.start < place.end
    });
    places
}

/// Whether nothing is left of a value but the mask and what encloses it.
fn is_masked(value: &str) -> bool {
    let bare = value.replace(MASK, "");
    bare.len() < value.len() && !bare.chars().any(char::is_alphanumeric) || value.is_empty()
}

fn without(text: &str, places: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        masked.push_str(text.get(at..place.start).unwrap_or_default());
        masked.push_str(MASK);
        at = place.end;
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    masked
}

/// The values of a query string, or the value of one parameter, that look made up: they may stand elsewhere, too.
pub(super) fn opaque_values_of_query(query: &str) -> impl Iterator<Item = &str> {
    let values = query::values(query).filter_map(|(_, value)| query.get(value));
    values.chain(std::iter::once(query)).filter(|value| !value.contains('=') && is_opaque(value))
}

/// Whether a word looks like something that a machine made up.
fn is_opaque(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= 8 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) || word.len() >= 24
}

#[cfg(test)]
mod tests;
