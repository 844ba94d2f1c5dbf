//! The name of a text that is stored in AWS.
//!
//! Reads a name or an ARN from configuration into a place that can be asked for. A value that
//! is itself a URL or a bot token is refused, so that a secret put into the wrong variable is sent to nobody.

use std::fmt;

use super::PlaceKind;
use crate::aws::is_region;
use crate::slack::bot_token::BotToken;

/// A name or ARN, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    kind: PlaceKind,
    name: String,
}

/// The value is neither a name nor an ARN; it is not repeated, since it may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// It is a URL.
    #[error("holds a URL, where the name or ARN under which the URL is stored belongs")]
    Url,
    /// It is a bot token.
    #[error("holds a bot token, where the name or ARN under which the token is stored belongs")]
    Token,
    /// It is empty, too long, or has a character that no name has.
    #[error("is neither a name nor an ARN: 1 to 2,048 letters, digits and any of / _ . : + = @ -")]
    NotAName,
}

impl Stored {
    /// A parameter of SSM's parameter store, by name or ARN.
    pub fn parameter(name: &str) -> Result<Self, StoredError> {
        Self::new(PlaceKind::Parameter, name)
    }

    /// A secret of Secrets Manager, by name or ARN.
    pub fn secret(name: &str) -> Result<Self, StoredError> {
        Self::new(PlaceKind::Secret, name)
    }

    fn new(kind: PlaceKind, name: &str) -> Result<Self, StoredError> {
        let name = name.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_.:+=@-".contains(c);
        if name.contains("://") {
            Err(StoredError::Url)
        } else if BotToken::is_one(name) {
            Err(StoredError::Token)
        } else if name.is_empty() || name.len() > 2_048 || !name.chars().all(allowed) {
            Err(StoredError::NotAName)
        } else {
            Ok(Self { kind, name: name.to_owned() })
        }
    }

    pub(crate) fn kind(&self) -> PlaceKind {
        self.kind
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The Region that an ARN names; a bare name has none.
    pub(super) fn region(&self) -> Option<&str> {
        let mut parts = self.name.split(':');
        if parts.next() != Some("arn") {
            return None;
        }
        parts.nth(2).filter(|region| is_region(region))
    }
}

/// The kind of place and the name, as `SSM parameter /prod/slack-webhook`.
impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_taken_and_nothing_else_is() {
        for name in [
            "webhook",
            " /prod/slack-webhook ",
            "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/webhook",
            "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:slack-AbCdEf",
            "prod/slack+alerts=1@team",
            "webhook:3",
            "xoxb-of-orders",
        ] {
            assert!(Stored::parameter(name).is_ok() && Stored::secret(name).is_ok(), "{name}");
        }
        for (name, error) in [
            ("https://hooks.slack.com/services/T0/B0/x", StoredError::Url),
            ("xoxb-123456789012-1234567890123-AbCdEf", StoredError::Token),
            ("", StoredError::NotAName),
            ("a b", StoredError::NotAName),
            ("a\nb", StoredError::NotAName),
            ("{\"url\":1}", StoredError::NotAName),
            (&"x".repeat(2_049), StoredError::NotAName),
        ] {
            assert_eq!(Stored::parameter(name), Err(error), "{name}");
        }
    }

    #[test]
    fn only_an_arn_has_a_region() {
        let region = |name| Stored::secret(name).unwrap().region().map(str::to_owned);
        assert_eq!(region("arn:aws:secretsmanager:eu-west-1:1:secret:x").as_deref(), Some("eu-west-1"));
        assert_eq!(region("arn:aws:secretsmanager::1:secret:x"), None);
        assert_eq!(region("arn:aws:secretsmanager:evil.example/:1:secret:x"), None);
        assert_eq!(region("arn"), None);
        assert_eq!(region("a:b:c:eu-west-1"), None);
    }
}
