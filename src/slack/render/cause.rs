//! What a group's lines give as the cause in, the words beside its fault out: quoted, short, and not said twice.
//!
//! A cause is a stranger's text.

use super::rows;
use crate::digest::{Fault, Group};
use crate::slack::escape::{Dialect, escape, escape_within};

/// Whose fault it is and why: `integration: "not authorized to perform: lambda:InvokeFunction"`. Nothing where the
/// lines tell neither. The cause takes at most `max` characters as Slack counts them, and its quotes.
pub(super) fn fault_and_cause(group: &Group, dialect: Dialect, max: usize) -> Option<String> {
    let fault = rows::fault(group.fault).map(|words| escape(&words, dialect));
    let colon = || escape(":", dialect);
    match (fault, quoted(group, dialect, max)) {
        (Some(fault), Some(cause)) => Some(format!("{fault}{} {cause}", colon())),
        (fault, cause) => fault.or(cause),
    }
}

/// The most frequent cause, unless it says no more than the status or the fault does.
fn quoted(group: &Group, dialect: Dialect, max: usize) -> Option<String> {
    let cause = group.causes.most_frequent()?;
    if repeats(cause, group.status.code(), group.fault) {
        return None;
    }
    // One pair of quotes, so that it is seen where the cause ends.
    let cause = cause.replace('"', "'");
    Some(format!("\"{}\"", escape_within(&cause, 0, dialect, max)))
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
    use super::super::tests::group;
    use super::*;
    use crate::digest::Causes;

    fn shown(status: u16, fault: Fault, cause: &str, dialect: Dialect) -> Option<String> {
        let mut causes = Causes::default();
        causes.note(cause);
        fault_and_cause(&Group { causes, ..group(status, "GET /", fault, &[]) }, dialect, 60)
    }

    #[track_caller]
    fn check(status: u16, fault: Fault, cause: &str, expected: &str) {
        assert_eq!(shown(status, fault, cause, Dialect::RichText).unwrap_or_default(), expected, "{cause}");
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
    fn a_cause_is_cut_and_does_nothing() {
        let long = format!("x\" ×3 · <!here> *b* {}", "y".repeat(300));
        let text = shown(500, Fault::Gateway, &long, Dialect::Mrkdwn).unwrap();
        assert!(text.starts_with("gateway:\u{200b} \"x' ×3 · &lt;!here&gt; *\u{200b}b*\u{200b}"), "{text}");
        assert!(text.ends_with(" more characters)\"") && text.matches('"').count() == 2, "{text}");
    }
}
