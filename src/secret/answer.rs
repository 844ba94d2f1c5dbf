//! What AWS answers when it is asked for a stored text.
//!
//! Reads the text, or an error that names the reason and what to check. Of an
//! answer's own words only codes from a closed list are ever repeated.

use std::fmt;

use serde::Deserialize;

use super::{PlaceKind, SecretError};
use crate::aws::error_code;
use crate::http::Answer;
use crate::json::members::{each_field, name};
use crate::json::{skip_space, unescape};

/// The stored text that an answer carries.
pub(super) fn text(place: PlaceKind, answer: &Answer) -> Result<String, SecretError> {
    let status = answer.status;
    if status != 200 {
        return Err(SecretError::Refused { place, status, code: AwsErrorCode::of(answer) });
    }
    if let Some(fault) = answer.broken {
        return Err(SecretError::Transport { place, fault });
    }
    let text = serde_json::from_slice::<Body>(&answer.body).ok().and_then(|body| match place {
        PlaceKind::Parameter => Some(body.parameter?.value),
        PlaceKind::Secret => body.secret_string,
    });
    text.ok_or(SecretError::NoText { place })
}

/// What `GetParameter` and `GetSecretValue` answer, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    parameter: Option<Parameter>,
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

/// The names under which a JSON object may hold the webhook's URL, best first.
pub(super) const URL_KEYS: [&str; 4] = ["url", "webhook", "webhook_url", "SLACK_WEBHOOK_URL"];

/// The names under which a JSON object may hold the bot token, best first.
pub(super) const TOKEN_KEYS: [&str; 4] = ["token", "bot_token", "slack_bot_token", "SLACK_BOT_TOKEN"];

/// The secret in a stored text: the text itself, or one text of a JSON object, by one of these names or as its only
/// one.
pub(super) fn secret_text(stored: &str, keys: &[&str]) -> Option<String> {
    let stored = stored.trim();
    if !stored.starts_with('{') {
        return Some(stored.to_owned());
    }
    let object = stored.as_bytes();
    let mut texts = Vec::new();
    let end = each_field(object, 0, |raw_name, value| {
        if let Some(raw) = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")) {
            let mut text = String::new();
            unescape(raw, &mut text);
            texts.push((name(raw_name), text));
        }
    });
    if skip_space(object, end.ok()?) != object.len() {
        return None;
    }
    let named = keys.iter().find_map(|key| texts.iter().position(|(name, _)| **name == *key.as_bytes()));
    let only = (texts.len() == 1).then_some(0);
    named.or(only).map(|index| texts.swap_remove(index).1)
}

/// One of AWS's codes for why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsErrorCode {
    word: &'static str,
    means: Means,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    NotAllowed,
    NotThere,
    KeyNotAllowed,
    CredentialsBad,
    RequestBad,
    Passing,
}

/// From the API references of `GetParameter`, of `GetSecretValue`, and of the errors common to all.
const CODES: [(&str, Means); 22] = [
    ("AccessDeniedException", Means::NotAllowed),
    ("ParameterNotFound", Means::NotThere),
    ("ParameterVersionNotFound", Means::NotThere),
    ("ResourceNotFoundException", Means::NotThere),
    ("InvalidKeyId", Means::KeyNotAllowed),
    ("DecryptionFailure", Means::KeyNotAllowed),
    ("ExpiredTokenException", Means::CredentialsBad),
    ("IncompleteSignature", Means::CredentialsBad),
    ("IncompleteSignatureException", Means::CredentialsBad),
    ("InvalidSignatureException", Means::CredentialsBad),
    ("MissingAuthenticationTokenException", Means::CredentialsBad),
    ("UnrecognizedClientException", Means::CredentialsBad),
    ("InvalidParameterException", Means::RequestBad),
    ("InvalidRequestException", Means::RequestBad),
    ("ValidationException", Means::RequestBad),
    ("InternalFailure", Means::Passing),
    ("InternalServerError", Means::Passing),
    ("InternalServiceError", Means::Passing),
    ("ServiceUnavailable", Means::Passing),
    ("Throttling", Means::Passing),
    ("ThrottlingException", Means::Passing),
    ("TooManyRequestsException", Means::Passing),
];

impl AwsErrorCode {
    /// The code itself, for example `AccessDeniedException`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.word
    }

    /// The permission that is missing, where the code says that one is.
    #[cfg(feature = "live")]
    pub(super) fn denied(self, place: PlaceKind) -> Option<&'static str> {
        match self.means {
            Means::NotAllowed => Some(place.permission()),
            Means::KeyNotAllowed => Some("kms:Decrypt"),
            _ => None,
        }
    }

    pub(super) fn may_pass(self) -> bool {
        self.means == Means::Passing
    }

    fn of(answer: &Answer) -> Option<Self> {
        error_code(answer, |code| {
            let (word, means) = CODES.into_iter().find(|(known, _)| *known == code)?;
            Some(Self { word, means })
        })
    }
}

/// ` AccessDeniedException`, or nothing where AWS gave no known code.
pub(super) struct Named(pub(super) Option<AwsErrorCode>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, " {}", code.word))
    }
}

/// What to check, by the reason.
pub(super) fn advice(code: Option<AwsErrorCode>, place: PlaceKind) -> String {
    let permission = place.permission();
    match code.map(|code| code.means) {
        Some(Means::NotAllowed) => {
            format!("allow the function's role {permission} on it, and kms:Decrypt on its key if it has one")
        }
        Some(Means::NotThere) => "check its name, and that it is in the function's Region".to_owned(),
        Some(Means::KeyNotAllowed) => "allow the function's role kms:Decrypt on its key".to_owned(),
        Some(Means::CredentialsBad) => "check the credentials and the clock".to_owned(),
        Some(Means::RequestBad) => "check its name, and that it is not scheduled for deletion".to_owned(),
        Some(Means::Passing) => "this passes, try again later".to_owned(),
        None => format!("check its name and the permission {permission}"),
    }
}

#[cfg(test)]
impl AwsErrorCode {
    /// A known code.
    pub(super) fn named(word: &str) -> Self {
        CODES.into_iter().find(|(known, _)| *known == word).map(|(word, means)| Self { word, means }).unwrap()
    }
}
