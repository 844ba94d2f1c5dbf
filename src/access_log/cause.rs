//! Why a request failed, in the words of the API, its authorizer, its firewall or its integration.
//!
//! It says whose words they are and never judges what they mean for the fault, but for one thing: whether they say
//! that the integration's answer was malformed.

use std::borrow::Cow;

/// What the line says of why the request failed: a stranger's text, without white space or quotes around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause<'a> {
    /// Whose words these are.
    pub source: CauseSource,
    /// The words; never empty.
    pub text: Cow<'a, str>,
}

/// Where an access log has a cause from. Of several causes in one line the first in this order is taken: the nearer
/// to the fault, the more it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseSource {
    /// `$context.integrationErrorMessage`, also known as `$context.integration.error`.
    Integration,
    /// `$context.authorizer.error`, `$context.authorize.error` or `$context.authenticate.error`.
    Authorizer,
    /// `$context.waf.error`.
    Waf,
    /// `$context.error.message`: API Gateway's own.
    Gateway,
}

impl<'a> Cause<'a> {
    /// `None` for a text that says nothing: empty, `-`, `null`, a number, a mask.
    #[must_use]
    pub fn new(source: CauseSource, text: Cow<'a, str>) -> Option<Self> {
        let around = |c: char| c.is_whitespace() || c == '"';
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(around)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(around).to_owned()),
        };
        let says_something = text.chars().any(char::is_alphabetic)
            && !matches!(text.as_ref(), "null" | "true" | "false" | "undefined");
        says_something.then_some(Self { source, text })
    }

    /// Whether it says that the integration answered in a form that API Gateway cannot use.
    #[must_use]
    pub fn tells_of_a_malformed_answer(&self) -> bool {
        const SIGNS: [&str; 5] = [
            "alformed Lambda",
            "alformed response",
            "nvalid response",
            "not match the format",
            "n't match the format",
        ];
        matches!(self.source, CauseSource::Integration | CauseSource::Gateway)
            && SIGNS.iter().any(|sign| self.text.contains(sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> Option<Cause<'_>> {
        Cause::new(CauseSource::Integration, text.into())
    }

    #[test]
    fn what_says_nothing_is_no_cause() {
        for text in ["", "-", " ", "\"\"", "null", "true", "0", "503", "***", "\" \""] {
            assert_eq!(cause(text), None, "{text:?}");
        }
        assert_eq!(cause(" \"Endpoint request timed out\" ").unwrap().text, "Endpoint request timed out");
    }

    #[test]
    fn a_malformed_answer_is_told_from_an_answer_that_is_not_there() {
        for text in [
            "Malformed Lambda proxy response",
            "Execution failed due to configuration error: Malformed Lambda proxy response",
            "The Lambda function returned an invalid response.",
            "The response from the Lambda function does not match the format that API Gateway expects",
            "The response from the Lambda function doesn't match the format that API Gateway expects",
        ] {
            assert!(cause(text).unwrap().tells_of_a_malformed_answer(), "{text}");
        }
        for text in [
            "Endpoint request timed out",
            "Internal server error",
            "Invalid permissions on Lambda function",
            "Execution failed due to configuration error: Invalid permissions on Lambda function",
            "Execution failed due to configuration error: Invalid endpoint address",
            "Malformed request body",
        ] {
            assert!(!cause(text).unwrap().tells_of_a_malformed_answer(), "{text}");
        }
        let of_the_request = Cause::new(CauseSource::Authorizer, "malformed token".into()).unwrap();
        assert!(!of_the_request.tells_of_a_malformed_answer());
    }
}
