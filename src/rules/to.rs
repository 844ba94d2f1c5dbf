//! Where a rule's lines go: the destinations that its `to` names.
//!
//! It knows no webhook and no channel, only names: which of them there are, the configuration says.

use std::sync::Arc;

use super::document::Value;
use super::fault::{Problem, quoted};

/// The name of the destination that `SLACK_WEBHOOK_*` and `SLACK_BOT_TOKEN*` configure.
pub const DEFAULT_DESTINATION: &str = "default";

/// Each one beyond the first costs a write for each delivery, and a message.
const MAX_NAMES: usize = 5;
const MAX_NAME_BYTES: usize = 32;

/// The destinations of a line, in the order in which its rule names them; the default one alone where it names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct To(Option<Arc<[Box<str>]>>);

impl To {
    /// The default destination alone.
    pub const DEFAULT: Self = Self(None);

    /// One destination.
    #[must_use]
    pub fn one(name: &str) -> Self {
        Self::new(vec![name.into()])
    }

    fn new(names: Vec<Box<str>>) -> Self {
        let is_default = names.iter().all(|name| **name == *DEFAULT_DESTINATION);
        Self((!is_default).then(|| names.into()))
    }

    /// The names, at least one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.0.as_deref().unwrap_or_default();
        let default = named.is_empty().then_some(DEFAULT_DESTINATION);
        default.into_iter().chain(named.iter().map(AsRef::as_ref))
    }

    /// Whether it is the default destination alone.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0.is_none()
    }
}

/// Whether a destination may have this name: a lower-case letter, then up to 31 more, digits, `-` and `_`.
#[must_use]
pub fn is_destination_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= MAX_NAME_BYTES
        && text.bytes().all(allowed)
}

/// A name, or a list of names.
pub(super) fn to(value: &Value) -> Result<To, Problem> {
    let values = match value {
        Value::List(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    if values.is_empty() {
        return Err(Problem::NoDestination);
    }
    if values.len() > MAX_NAMES {
        return Err(Problem::TooManyDestinations { count: values.len(), limit: MAX_NAMES });
    }
    let mut names: Vec<Box<str>> = Vec::new();
    for value in values {
        let Value::Text(text) = value else {
            return Err(Problem::WrongType { wanted: "a name or a list of names", found: value.kind() });
        };
        if !is_destination_name(text) {
            return Err(Problem::NotDestination);
        }
        if names.iter().any(|name| **name == **text) {
            return Err(Problem::DestinationTwice(quoted(text)));
        }
        names.push(text.as_str().into());
    }
    Ok(To::new(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(to: &To) -> Vec<&str> {
        to.names().collect()
    }

    #[test]
    fn a_rule_names_one_destination_or_several_and_default_alone_is_as_if_it_named_none() {
        let text = |text: &str| Value::Text(text.to_owned());
        let list = |names: &[&str]| Value::List(names.iter().map(|name| text(name)).collect());
        assert_eq!(names(&to(&text("orders")).unwrap()), ["orders"]);
        assert_eq!(names(&to(&list(&["orders", "default"])).unwrap()), ["orders", "default"]);
        for none in [to(&text("default")).unwrap(), to(&list(&["default"])).unwrap(), To::one("default")] {
            assert_eq!(none, To::default());
            assert_eq!((names(&none), none.is_default()), (vec!["default"], true));
        }
        assert_eq!(to(&list(&[])), Err(Problem::NoDestination));
        assert_eq!(to(&list(&["a", "b", "a"])), Err(Problem::DestinationTwice("\"a\"".to_owned())));
        let many = Problem::TooManyDestinations { count: 6, limit: 5 };
        assert_eq!(to(&list(&["a", "b", "c", "d", "e", "f"])), Err(many));
        assert!(matches!(to(&Value::List(vec![Value::Null])), Err(Problem::WrongType { .. })));
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for secret in
            ["xoxb-123456789012-1234567890123-AbCdEfGhIjKl", "https://hooks.slack.com/services/T0/B0/x"]
        {
            let rules =
                format!(r#"{{"rules":[{{"name":"a","status":"500","action":"notify","to":"{secret}"}}]}}"#);
            let fault = crate::rules::Rules::parse(&rules).unwrap_err().to_string();
            assert!(
                fault.contains("is no name of a destination") && !fault.contains(&secret[..8]),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_name_is_a_short_plain_word() {
        for name in ["a", "orders", "team-2", "on_call", &"a".repeat(32)] {
            assert!(is_destination_name(name), "{name}");
        }
        for name in ["", "Orders", "2nd", "-a", "a b", "a#b", "é", "#alerts", "C0123456789", &"a".repeat(33)]
        {
            assert!(!is_destination_name(name), "{name}");
        }
    }
}
