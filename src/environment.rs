//! The environment as it was passed in, and the ways in which a setting can be read from it.
//!
//! It reads pairs of name and value as typed values, or as a fault that says the fix. A value is
//! repeated in a fault only where it surely is no secret.

mod error;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

pub use error::ConfigError;

/// A variable whose value is empty or white space counts as unset: Terraform writes empty strings.
#[derive(Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// The value without the white space around it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    /// The same as an owned text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The names of all variables that are set.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A whole number within limits, or `default` where it is unset.
    pub(crate) fn number<N>(&self, name: &str, limits: RangeInclusive<N>, default: N) -> Result<N, String>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(value) = self.get(name) else { return Ok(default) };
        let number = value.parse().ok().filter(|number| limits.contains(number));
        number.ok_or_else(|| no_number(limits.start(), limits.end(), value))
    }
}

/// Compiled once, not once for each kind of number.
fn no_number(least: &dyn Display, most: &dyn Display, value: &str) -> String {
    format!("must be a whole number from {least} to {most}{}", shown(value))
}

/// `, and is "..."` for a value that is short and of plain characters; nothing for any other, which may
/// be a URL or a token that was put into the wrong variable.
pub(crate) fn shown(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "#._- ".contains(c);
    if value.len() <= 16 && value.chars().all(plain) { format!(", and is {value:?}") } else { String::new() }
}
