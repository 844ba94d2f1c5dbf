//! Splits an event's text into the fields of a space-delimited pattern.
//!
//! In: one event. Out: its fields, each with the place where it begins.
//! Never fails: what opens and is not closed is ordinary text.

/// A field of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'e> {
    /// The byte at which the field begins, with its delimiter.
    pub(super) start: usize,
    /// The field's text, without the brackets or quotes around it.
    pub(super) text: &'e str,
}

/// The fields of `event`: runs of anything but white space, where text in `[...]` or `"..."` is one field.
/// Brackets and quotes count where a field begins with them and ends with them.
pub(super) fn split(event: &str) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let rest = event.get(at..).unwrap_or_default();
        let start = at + (rest.len() - rest.trim_start_matches(is_space).len());
        let rest = event.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return fields;
        }
        let (text, length) = delimited(rest).unwrap_or_else(|| {
            let word = rest.split(is_space).next().unwrap_or_default();
            (word, word.len())
        });
        fields.push(Field { start, text });
        at = start + length;
    }
}

/// The text in brackets or quotes at the beginning of `rest`, and its length with them.
fn delimited(rest: &str) -> Option<(&str, usize)> {
    let (open, close) = [('[', ']'), ('"', '"')].into_iter().find(|(open, _)| rest.starts_with(*open))?;
    let (text, after) = rest.strip_prefix(open)?.split_once(close)?;
    (after.is_empty() || after.starts_with(is_space)).then_some((text, rest.len() - after.len()))
}

fn is_space(character: char) -> bool {
    character.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(event: &str) -> Vec<&str> {
        split(event).into_iter().map(|field| field.text).collect()
    }

    #[test]
    fn brackets_and_quotes_hold_a_field_together() {
        assert_eq!(
            texts(r#"10.0.0.1 - eve [01/Feb/2021:10:00:00 +0000] "PUT /a b HTTP/1.1" 503 12"#),
            ["10.0.0.1", "-", "eve", "01/Feb/2021:10:00:00 +0000", "PUT /a b HTTP/1.1", "503", "12"]
        );
    }

    #[test]
    fn any_run_of_white_space_separates() {
        assert_eq!(texts("  a \t b\tc\r\nd\n"), ["a", "b", "c", "d"]);
        assert_eq!(texts(""), [""; 0]);
        assert_eq!(texts(" \n"), [""; 0]);
    }

    #[test]
    fn what_is_not_closed_is_ordinary_text() {
        assert_eq!(texts(r#"ERROR "never closed"#), ["ERROR", "\"never", "closed"]);
        assert_eq!(texts("a [b c"), ["a", "[b", "c"]);
        assert_eq!(texts("a] b\""), ["a]", "b\""]);
    }

    #[test]
    fn brackets_and_quotes_that_do_not_end_a_field_are_part_of_it() {
        assert_eq!(texts("[INFO]: started [main] done"), ["[INFO]:", "started", "main", "done"]);
        assert_eq!(texts(r#"x="a b" c"#), ["x=\"a", "b\"", "c"]);
    }

    #[test]
    fn a_field_knows_where_it_begins() {
        let starts: Vec<usize> = split("a  [b c] \"d\"").into_iter().map(|field| field.start).collect();
        assert_eq!(starts, [0, 3, 9]);
    }
}
