//! A Slack app's bot token, which is a secret: whoever has it can post as the app.
//!
//! Reads the text that an operator configured, or says which rule it breaks. The value is given to requests alone: there is no `Display`, no `Serialize`, no `Clone`, `Debug` shows nothing of
//! it, and no error carries any of it.

use std::fmt;

use reqwest::header::HeaderValue;

/// Slack's own are some 60 characters long; far more is something else pasted by mistake.
const MAX_LENGTH: usize = 255;

/// Less behind the prefix is a token of which a part is missing.
const LEAST_BEHIND_PREFIX: usize = 10;

const PREFIX: &str = "xoxb-";

/// A bot token that passed every rule of [`BotToken::parse`].
///
/// As with the webhook's URL, copies are limited rather than wiped: it cannot be cloned.
#[derive(PartialEq, Eq)]
pub struct BotToken {
    /// The whole header `Authorization`.
    authorization: HeaderValue,
}

impl BotToken {
    /// Reads a token from configuration or from a stored secret; white space around it is ignored.
    ///
    /// It begins with `xoxb-`, and has letters, digits and hyphens behind that.
    pub fn parse(text: &str) -> Result<Self, BotTokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BotTokenError::Empty);
        }
        if text.contains("://") {
            return Err(BotTokenError::Url);
        }
        if let Some(kind) = OtherToken::of(text) {
            return Err(BotTokenError::OtherToken(kind));
        }
        let rest = text.strip_prefix(PREFIX).ok_or(BotTokenError::NotABotToken)?;
        let is_whole = (LEAST_BEHIND_PREFIX..=MAX_LENGTH - PREFIX.len()).contains(&rest.len());
        if !is_whole || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(BotTokenError::Malformed);
        }
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| BotTokenError::Malformed)?;
        authorization.set_sensitive(true);
        Ok(Self { authorization })
    }

    /// Whether a text is a bot token rather than the name of a place where one is stored.
    pub(crate) fn is_one(text: &str) -> bool {
        let begins_with_digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        text.trim().strip_prefix(PREFIX).is_some_and(begins_with_digit) && Self::parse(text).is_ok()
    }

    /// The header `Authorization` for one request; it must go nowhere but into the request.
    pub(super) fn for_request(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BotToken(redacted)")
    }
}

/// Why a text is not a bot token. None of these can succeed on another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BotTokenError {
    /// There is nothing but white space.
    #[error("the bot token is empty")]
    Empty,
    /// It is a URL.
    #[error("the bot token is a URL: a webhook belongs in SLACK_WEBHOOK_URL")]
    Url,
    /// It is a token of another kind.
    #[error("{0}: copy the Bot User OAuth Token (xoxb-...) from OAuth & Permissions of the Slack app")]
    OtherToken(OtherToken),
    /// It is no token that Slack gives.
    #[error(
        "the bot token does not begin with xoxb-: copy the Bot User OAuth Token from OAuth & Permissions of the Slack app"
    )]
    NotABotToken,
    /// It is too short or too long, or has a character that no token has.
    #[error(
        "the bot token is cut, or has more around it: behind xoxb- stand 10 to 250 letters, digits and hyphens"
    )]
    Malformed,
}

/// The kinds of token that Slack gives besides bot tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherToken {
    /// `xoxp-`: it posts as a person.
    User,
    /// `xapp-`: it opens sockets.
    App,
    /// `xoxe`: token rotation is on, and such a token ends after 12 hours.
    Rotating,
}

impl OtherToken {
    fn of(text: &str) -> Option<Self> {
        let kinds = [("xoxp-", Self::User), ("xapp-", Self::App), ("xoxe", Self::Rotating)];
        kinds.into_iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, kind)| kind)
    }
}

impl fmt::Display for OtherToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "this is a user token (xoxp-), not a bot token",
            Self::App => "this is an app-level token (xapp-), not a bot token",
            Self::Rotating => "this token ends after 12 hours (xoxe), use an app without token rotation",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANARY: &str = "CANARY0bot0token";

    #[test]
    fn bot_tokens_of_all_ages_are_taken() {
        for text in [
            "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
            " xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx\r\n",
            "xoxb-12345678901-AbCdEfGhIjKlMnOpQrStUvWx",
        ] {
            let token = BotToken::parse(text).unwrap();
            let header = token.for_request();
            assert_eq!(header.to_str().unwrap(), format!("Bearer {}", text.trim()));
            assert!(header.is_sensitive() && BotToken::is_one(text));
        }
        assert!(!BotToken::is_one("xoxb-token-of-orders"), "a name that a secret may have");
    }

    #[test]
    fn what_is_no_bot_token_is_refused_by_its_kind() {
        use BotTokenError as E;
        for (text, error) in [
            ("", E::Empty),
            (" \n", E::Empty),
            ("https://hooks.slack.com/services/T0/B0/x", E::Url),
            ("xoxp-123456789012-1234567890123-AbCdEf", E::OtherToken(OtherToken::User)),
            ("xapp-1-A0123456789-1234567890123-abcdef", E::OtherToken(OtherToken::App)),
            ("xoxe.xoxb-1-Mi0yLTEyMzQ1Njc4OTAxMi0", E::OtherToken(OtherToken::Rotating)),
            ("xoxe-1-My0xLTEyMzQ1Njc4OTAxMi0", E::OtherToken(OtherToken::Rotating)),
            ("Bearer xoxb-123456789012-1234567890123-AbCd", E::NotABotToken),
            ("AKIDEXAMPLE", E::NotABotToken),
            ("xoxb-", E::Malformed),
            ("xoxb-123456789", E::Malformed),
            ("xoxb-123456789012 1234567890123-AbCdEf", E::Malformed),
            ("xoxb-123456789012-1234567890123-AbCd\nxoxb-1", E::Malformed),
            ("\"xoxb-123456789012-1234567890123-AbCd\"", E::NotABotToken),
            (&format!("xoxb-{}", "1".repeat(251)), E::Malformed),
        ] {
            assert_eq!(BotToken::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn neither_the_value_nor_an_error_shows_the_token() {
        for text in [
            "xoxb-1-{}",
            "xoxb-{} {}",
            "xoxp-{}",
            "xapp-{}",
            "xoxe.xoxb-{}",
            "{}",
            "https://{}",
            "Bearer xoxb-{}",
            "xoxb-{}é",
        ] {
            let shown = match BotToken::parse(&text.replace("{}", CANARY)) {
                Ok(token) => format!("{token:?} {token:#?} {:?}", token.for_request()),
                Err(error) => format!("{error} {error:?} {error:#?}"),
            };
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_only_letters_digits_and_hyphens_pass(text in "(xoxb-)?(\\PC|[0-9A-Za-z-]){0,300}") {
            if let Ok(token) = BotToken::parse(&text) {
                let header = token.for_request();
                let sent = header.to_str().unwrap().strip_prefix("Bearer xoxb-").unwrap();
                prop_assert!(sent.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{sent}");
            }
        }
    }
}
