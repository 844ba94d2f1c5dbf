//! Pieces of requests and answers that several services share.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What AWS's signatures leave as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one value of a query or one part of a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The texts of the XML elements of this name. An element with attributes or in another case is none of them; entities
/// stay as they are: what is looked at are ARNs, codes and numbers.
pub(super) fn elements<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&open)?;
        let (element, behind) = behind.split_once(&close)?;
        rest = behind;
        Some(element)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_one_after_another() {
        let text = "<a><member><X>1</X></member><member><X>2</X></member></a>";
        assert_eq!(elements(text, "X").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(elements(text, "member").count(), 2);
        assert_eq!(elements("<X>1", "X").count(), 0);
    }

    #[test]
    fn names_are_encoded_as_signatures_want_them() {
        assert_eq!(encoded("arn:aws:sns:r:1:a b/é"), "arn%3Aaws%3Asns%3Ar%3A1%3Aa%20b%2F%C3%A9");
    }
}
