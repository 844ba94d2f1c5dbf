//! What a group's lines give as the cause in, the words beside its fault out: quoted, short, and not said twice.
//!
//! A cause is a stranger's text.

use std::borrow::Cow;

use super::rows;
use super::text::Text;
use crate::digest::{Fault, Group};

/// Whose fault it is and why: `integration: "not authorized to perform: lambda:InvokeFunction"`. Nothing where the
/// lines tell neither. The cause takes at most `max` characters, and its quotes.
pub(super) fn fault_and_cause(group: &Group, max: usize) -> Option<Text<'_>> {
    with_cause(rows::fault(group.fault), cause_words(group), max)
}

/// The same of a fault and a cause that are in words already.
pub(super) fn with_cause(fault: Option<String>, cause: Option<Cow<'_, str>>, max: usize) -> Option<Text<'_>> {
    // One pair of quotes, so that it is seen where the cause ends.
    let quoted = |start: String, cause| Text::of(start).stranger(cause, max).ours("\"");
    match (fault, cause) {
        (Some(fault), Some(cause)) => Some(quoted(format!("{fault}: \""), cause)),
        (None, Some(cause)) => Some(quoted("\"".to_owned(), cause)),
        (fault, None) => fault.map(Text::of),
    }
}

/// The most frequent cause, without double quotes, unless it says no more than the status or the fault does.
pub(crate) fn cause_words(group: &Group) -> Option<Cow<'_, str>> {
    let cause = group.causes.most_frequent()?;
    if repeats(cause, group.status.code(), group.fault) {
        return None;
    }
    Some(if cause.contains('"') { cause.replace('"', "'").into() } else { cause.into() })
}

/// Whether a cause is the usual message of its status or its fault.
fn repeats(cause: &str, status: u16, fault: Fault) -> bool {
    let cause = cause.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let of_status: &[&str] = match status {
        400 => &["bad request"],
        401 => &["unauthorized"],
        403 => &["forbidden"],
        404 => &["not found"],
        413 => &["request too long", "request entity too large", "payload too large", "content too large"],
        415 => &["unsupported media type"],
        429 => &["too many requests", "rate exceeded"],
        500 => &["internal server error"],
        502 => &["bad gateway", "internal server error"],
        503 => &["service unavailable", "internal server error"],
        504 => &["gateway timeout", "gateway time-out", "endpoint request timed-out"],
        _ => &[],
    };
    let of_fault: &[&str] = match fault {
        Fault::Integration(Some("timeout")) => &["endpoint request timed out", "endpoint request timed-out"],
        Fault::Integration(Some("malformed answer")) => &["malformed lambda proxy response"],
        Fault::Client(Some("missing token")) => &["missing authentication token"],
        Fault::Client(Some("bad body")) => &["invalid request body"],
        Fault::Client(Some("expired token")) => &["the security token included in the request is expired"],
        Fault::Throttle(Some("quota exceeded")) => &["limit exceeded", "quota exceeded"],
        _ => &[],
    };
    of_status.iter().chain(of_fault).any(|usual| *usual == cause)
}

#[cfg(test)]
mod tests {
    use super::super::test_digests::group;
    use super::*;
    use crate::digest::Causes;

    #[track_caller]
    fn check(status: u16, fault: Fault, cause: &str, expected: &str) {
        let mut causes = Causes::default();
        causes.note(cause);
        let group = Group { causes, ..group(status, "GET /", fault, &[]) };
        assert_eq!(fault_and_cause(&group, 60).unwrap_or_default().words(), expected, "{cause}");
    }

    #[test]
    fn the_cause_stands_quoted_beside_the_fault() {
        let integration = Fault::Integration(None);
        check(
            502,
            integration,
            "not authorized to perform: x",
            "integration: \"not authorized to perform: x\"",
        );
        check(500, Fault::Unknown, "no stage variable", "\"no stage variable\"");
        check(
            403,
            Fault::Authorizer(Some("access denied")),
            "User is not authorized",
            "authorizer: access denied: \"User is not authorized\"",
        );
    }

    #[test]
    fn what_the_fault_says_already_is_not_said_twice() {
        check(504, Fault::Integration(Some("timeout")), "Endpoint request timed out", "integration: timeout");
        check(
            403,
            Fault::Client(Some("missing token")),
            "Missing Authentication Token",
            "client: missing token",
        );
        check(500, Fault::Unknown, "Internal server error", "");
        check(502, Fault::Integration(None), "\"Internal Server Error\".", "integration");
        check(429, Fault::Throttle(None), "Too Many Requests", "throttle");
        check(
            504,
            Fault::Integration(None),
            "Endpoint request timed out",
            "integration: \"Endpoint request timed out\"",
        );
    }

    #[test]
    fn a_cause_is_a_strangers_and_ends_where_its_quotes_do() {
        let mut causes = Causes::default();
        causes.note("x\" ×3 · <!here>");
        let group = Group { causes, ..group(500, "GET /", Fault::Gateway, &[]) };
        let expected = Text::of("gateway: \"").stranger("x' ×3 · <!here>", 60).ours("\"");
        assert_eq!(fault_and_cause(&group, 60), Some(expected));
    }
}
