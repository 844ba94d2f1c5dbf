//! A look at a text that tells in one pass that no secret can be in it, which is so of nearly every line.
//!
//! It never says so of a text in which the search would find one; it may send it on a search for nothing.

use super::automaton::{END, FOUND, NOTHING, next, next_of_class};

/// Whether a search could find a secret in the text, or a name that promises one.
pub(crate) fn may_hold(text: &str) -> bool {
    bytes_may_hold(text.as_bytes())
}

/// The same of a text's bytes.
pub(crate) fn bytes_may_hold(text: &[u8]) -> bool {
    !is_number_or_id(text) && !is_usual(text) && automaton_finds(text)
}

/// Whether a text is one of those that stand in every line of a log, and in which the automaton finds nothing: it takes
/// longer for them than for all else of a line.
fn is_usual(text: &[u8]) -> bool {
    match text {
        b"GET" | b"PUT" | b"POST" | b"HEAD" | b"PATCH" | b"DELETE" | b"OPTIONS" | b"HTTP/1.0"
        | b"HTTP/1.1" | b"HTTP/2.0" => true,
        // As access logs name a time: `18/Nov/2020:05:28:56 +0000`.
        [
            day @ ..,
            b'/',
            m,
            o,
            n,
            b'/',
            _,
            _,
            _,
            _,
            b':',
            _,
            _,
            b':',
            _,
            _,
            b':',
            _,
            _,
            b' ',
            _,
            _,
            _,
            _,
            _,
        ] => {
            let is_month = matches!(
                &[*m, *o, *n],
                b"Jan"
                    | b"Feb"
                    | b"Mar"
                    | b"Apr"
                    | b"May"
                    | b"Jun"
                    | b"Jul"
                    | b"Aug"
                    | b"Sep"
                    | b"Oct"
                    | b"Nov"
                    | b"Dec"
            );
            let year = text.get(day.len() + "/Nov/".len()..);
            is_month && day.len() == 2 && is_number_or_id(day) && year.is_some_and(is_number_or_id)
        }
        _ => false,
    }
}

/// Whether a text is made of what numbers, ids, addresses and times are written with: no word that the search knows is.
/// Its bytes need not wait for one another, as the automaton's do.
fn is_number_or_id(text: &[u8]) -> bool {
    let is_one = |byte: u8| IN_NUMBERS_AND_IDS.get(usize::from(byte)).is_some_and(|is_one| *is_one);
    let (steps, rest) = text.as_chunks::<4>();
    steps.iter().all(|&[a, b, c, d]| is_one(a) & is_one(b) & is_one(c) & is_one(d))
        && rest.iter().all(|&byte| is_one(byte))
}

#[allow(clippy::indexing_slicing, reason = "the compiler runs it, and refuses an index out of bounds")]
static IN_NUMBERS_AND_IDS: [bool; 256] = {
    let mut is_one = [false; 256];
    let mut text: &[u8] = b"0123456789abcdefABCDEF:.+- ";
    while let [byte, rest @ ..] = text {
        is_one[*byte as usize] = true;
        text = rest;
    }
    is_one
};

fn automaton_finds(text: &[u8]) -> bool {
    /// Bytes between two looks at the state; in this one the loop is unrolled.
    const STEP: usize = 8;
    let (steps, rest) = text.as_chunks::<STEP>();
    let mut state = NOTHING;
    for &[a, b, c, d, e, f, g, h] in steps {
        state = next(next(next(next(state, a), b), c), d);
        state = next(next(next(next(state, e), f), g), h);
        if state == FOUND {
            return true;
        }
    }
    for &byte in rest {
        state = next(state, byte);
    }
    // A word that must be all of a name may end here.
    next_of_class(state, END) == FOUND
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::{Shape, find, hides_more, names, tokens};
    use super::*;
    use crate::access_log::Columns;
    use crate::access_log::redact::{Redacted, Redaction};

    #[test]
    fn whatever_the_search_knows_is_a_trigger() {
        let known = [
            names::ENDINGS.as_slice(),
            &names::WORDS,
            &names::QUERIES,
            &tokens::SCHEMES,
            &tokens::TOKEN_BEGINS.map(|(begin, _)| begin),
            &tokens::KEYS.map(|(begin, _)| begin),
        ]
        .concat();
        for text in known {
            assert!(may_hold(text), "{text}");
        }
        for name in [names::ENDINGS.as_slice(), &names::WORDS, &names::QUERIES].concat() {
            let in_capitals = name.to_ascii_uppercase();
            let apart: Vec<String> = name.chars().map(String::from).collect();
            for name in [in_capitals, apart.join("_"), format!("x-{name}"), format!("{name}[0]")] {
                assert!(may_hold(&name), "{name}");
            }
        }
    }

    #[test]
    fn a_usual_line_has_no_trigger() {
        for line in [
            r#"{ "requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbfef", "ip": "203.0.113.7", "caller":"-", "user":"-","requestTime":"18/Nov/2020:05:28:56 +0000", "httpMethod":"POST","resourcePath":"/v1/orders/{id}", "status":"502","protocol":"HTTP/1.1", "responseLength":"36" }"#,
            r#"{"requestId":"a","routeKey":"GET /v1/items","status":"504","integrationStatus":"200","integrationLatency":"29000","userAgent":"Mozilla/5.0 (X11; Linux x86_64)","error.message":"Endpoint request timed out"}"#,
            r#"{"resourcePath":"/v1/customers/{id}/addresses","status":"404","caller":"AROAEXAMPLE:orders"}"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "POST /v1/orders HTTP/1.1" 502 36 a b"#,
        ] {
            assert!(!may_hold(line), "{line}");
        }
    }

    #[test]
    fn methods_and_protocols_need_no_automaton() {
        let usual =
            ["GET", "PUT", "POST", "HEAD", "PATCH", "DELETE", "OPTIONS", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0"];
        for text in usual {
            assert!(is_usual(text.as_bytes()) && !automaton_finds(text.as_bytes()), "{text}");
        }
        for text in ["TOKEN", "KEY", "18/key/2020:05:28:56 +0000", "18/Nov/2020:05:28:56 token"] {
            assert!(!is_usual(text.as_bytes()), "{text}");
        }
    }

    /// Pieces of which lines with and without secrets are made.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            select([names::ENDINGS.as_slice(), &names::WORDS, &names::QUERIES, &tokens::SCHEMES].concat())
                .prop_map(str::to_owned),
            select(tokens::KEYS.map(|(begin, _)| begin).to_vec()).prop_map(str::to_owned),
            select(vec![
                "\"",
                "\":\"",
                "\",\"",
                "{\"",
                "\"}",
                "{",
                "}",
                ":",
                "=",
                " ",
                "-",
                "_",
                ".",
                "/",
                "://",
                "@",
                "<",
                ">",
                ",",
                ";",
                "status",
                "502",
                "path",
                "GET /a HTTP/1.1",
                "eyJ",
                "203.0.113.7",
                "18/Nov/2020:05:28:56 +0000",
                "user",
                "key",
                "auth",
                "to",
                "ken",
                "K"
            ])
            .prop_map(str::to_owned),
            "[a-zA-Z0-9]{1,24}",
        ];
        proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_a_number_or_an_id_needs_no_automaton(text in "[0-9a-fA-F:.+ -]{0,39}") {
            prop_assert!(is_number_or_id(text.as_bytes()) && !automaton_finds(text.as_bytes()), "{}", text);
        }

        #[test]
        fn what_is_usual_needs_no_automaton(
            day in "[0-9a-f]{2}",
            month in "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
            year in "[0-9a-f]{4}",
            time in "([0-9a-f]{2}:){2}[0-9a-f]{2} [+-][0-9a-f]{4}",
        ) {
            let time = [day.as_bytes(), b"/", month.as_bytes(), b"/", year.as_bytes(), b":", time.as_bytes()].concat();
            prop_assert!(is_usual(&time) && !automaton_finds(&time), "{:?}", time);
        }

        #[test]
        fn where_there_is_no_trigger_nothing_is_found(
            text in text(),
            member in any::<bool>(),
        ) {
            let line = if member { format!(r#"{{"status":"502","{text}":"{text}"}}"#) } else { text };
            if !may_hold(&line) {
                for shape in [Shape::Target, Shape::Text] {
                    prop_assert!(find(&line, shape).is_empty() && !hides_more(&line), "{}", line);
                }
                let (redacted, hidden) = Redaction::default().line_and_hidden(&line, Columns::DEFAULT);
                prop_assert_eq!(redacted, Redacted::Whole(line));
                prop_assert!(hidden.values.is_empty());
            }
        }
    }
}
