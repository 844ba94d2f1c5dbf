//! A look at a text that tells in one pass that no secret can be in it, which is so of nearly every line.
//!
//! It never says so of a text in which the search would find one; it may send it on a search for nothing.

use std::ops::Range;

use wide::u8x16;

use super::automaton::{END, FOUND, NOTHING, next, next_of_class};

/// Bytes that are looked at together.
const LANES: usize = 16;
/// Bytes that are sooner looked at one by one.
const FEW: usize = 4;

/// Whether a search could find a secret in the text, or a name that promises one.
pub(crate) fn may_hold(text: &str) -> bool {
    may_hold_in(text.as_bytes(), &(0..text.len()))
}

/// Whether a search could find a secret in any of these stretches of a line.
pub(crate) fn any_may_hold<'a>(line: &[u8], mut stretches: impl Iterator<Item = &'a Range<usize>>) -> bool {
    stretches.any(|stretch| may_hold_in(line, stretch))
}

#[allow(clippy::inline_always, reason = "as below")]
#[inline(always)]
fn may_hold_in(line: &[u8], stretch: &Range<usize>) -> bool {
    !is_number_or_id(line, stretch) && words_may_hold(line, stretch)
}

/// The same of a stretch that is no number or id.
#[inline(never)]
fn words_may_hold(line: &[u8], stretch: &Range<usize>) -> bool {
    let Some(text) = line.get(stretch.clone()) else { return true };
    !is_method_or_protocol(text) && !is_time(line, stretch, text) && automaton_finds(text)
}

/// Whether a text is one of these, which stand in nearly every line of a log, and in which the automaton finds nothing.
fn is_method_or_protocol(text: &[u8]) -> bool {
    matches!(
        text,
        b"GET"
            | b"PUT"
            | b"POST"
            | b"HEAD"
            | b"PATCH"
            | b"DELETE"
            | b"OPTIONS"
            | b"HTTP/1.0"
            | b"HTTP/1.1"
            | b"HTTP/2.0"
    )
}

/// Whether a stretch of a line is a time as access logs name it, `18/Nov/2020:05:28:56 +0000`, or may be taken for one
/// as far as secrets go.
fn is_time(line: &[u8], stretch: &Range<usize>, text: &[u8]) -> bool {
    let [day @ .., b'/', m, o, n, b'/', _, _, _, _, b':', _, _, b':', _, _, b':', _, _, b' ', _, _, _, _, _] =
        text
    else {
        return false;
    };
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
    let year = stretch.start + day.len() + "/Nov/".len();
    is_month && matches!(day, [b'0'..=b'9', b'0'..=b'9']) && is_number_or_id(line, &(year..stretch.end))
}

/// Whether a stretch of a line is made of what numbers, ids, addresses and times are written with: no word that the
/// search knows is.
///
/// What follows it is looked at, too, and left out: so its bytes need not wait for one another, as the automaton's do,
/// however few they are.
#[allow(clippy::inline_always, reason = "most values of every error line need no more than this look")]
#[inline(always)]
fn is_number_or_id(line: &[u8], stretch: &Range<usize>) -> bool {
    let mut at = stretch.start;
    while at < stretch.end {
        let bytes = line.get(at..).and_then(|rest| rest.first_chunk::<LANES>());
        let Some(bytes) = bytes.filter(|_| stretch.end - at > FEW) else {
            return line
                .get(at..stretch.end)
                .is_some_and(|rest| rest.iter().all(|&byte| is_of_numbers_and_ids(byte)));
        };
        let others = !of_numbers_and_ids(u8x16::new(*bytes));
        let within = u32::from(u16::MAX) >> LANES.saturating_sub(stretch.end - at);
        if others & within != 0 {
            return false;
        }
        at += LANES;
    }
    true
}

fn is_of_numbers_and_ids(byte: u8) -> bool {
    matches!(byte, b' ' | b'+'..=b'.' | b'0'..=b':' | b'a'..=b'f' | b'A'..=b'F')
}

/// A bit for each byte that is of such texts, the first byte's lowest.
fn of_numbers_and_ids(bytes: u8x16) -> u32 {
    let within = |bytes: u8x16, first: u8, last: u8| {
        bytes.max(u8x16::splat(first)).min(u8x16::splat(last)).simd_eq(bytes)
    };
    let letters = within(bytes | u8x16::splat(b' '), b'a', b'f');
    let digits_and_signs = within(bytes, b'+', b':') & !bytes.simd_eq(u8x16::splat(b'/'));
    (letters | digits_and_signs | bytes.simd_eq(u8x16::splat(b' '))).to_bitmask()
}

/// Both halves are read side by side, since each state waits for the one before it. A word may begin in one half and
/// end in the other: the first half is read on until nothing is left of any.
fn automaton_finds(text: &[u8]) -> bool {
    let (first, second) = text.split_at(text.len() / 2);
    let (mut state, mut behind) = (NOTHING, NOTHING);
    for (&one, &other) in first.iter().zip(second) {
        (state, behind) = (next(state, one), next(behind, other));
    }
    if let Some(&last) = second.get(first.len()) {
        behind = next(behind, last);
    }
    for &byte in second {
        if state == NOTHING || state == FOUND {
            break;
        }
        state = next(state, byte);
    }
    // A word that must be all of a name may end here.
    [state, behind].iter().any(|&state| next_of_class(state, END) == FOUND)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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

    /// So the halves of a text may be read side by side: what the second one alone leads to is what the whole leads to,
    /// from where nothing is left of a word that began before it.
    #[test]
    fn a_beginning_that_is_forgotten_does_not_matter() {
        let mut states = vec![NOTHING];
        let mut seen = HashSet::from([NOTHING]);
        while let Some(state) = states.pop() {
            states.extend((0..32).map(|class| next_of_class(state, class)).filter(|next| seen.insert(*next)));
        }
        assert!(seen.len() > 200);
        let mut pairs: Vec<(u8, u8)> = seen.into_iter().map(|state| (state, NOTHING)).collect();
        let mut seen: HashSet<(u8, u8)> = pairs.iter().copied().collect();
        while let Some((whole, half)) = pairs.pop() {
            assert!(whole != NOTHING || half == NOTHING, "{whole} {half}");
            assert!(half != FOUND || whole == FOUND, "{whole} {half}");
            let next = |class| (next_of_class(whole, class), next_of_class(half, class));
            pairs.extend((0..32).map(next).filter(|pair| seen.insert(*pair)));
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
            assert!(is_method_or_protocol(text.as_bytes()) && !automaton_finds(text.as_bytes()), "{text}");
        }
        for text in ["TOKEN", "KEY", "18/key/2020:05:28:56 +0000", "18/Nov/2020:05:28:56 token"] {
            let is_time = is_time(text.as_bytes(), &(0..text.len()), text.as_bytes());
            assert!(!is_method_or_protocol(text.as_bytes()) && !is_time, "{text}");
        }
    }

    #[test]
    fn sixteen_bytes_are_judged_as_each_of_them_is() {
        for byte in 0..=u8::MAX {
            for place in 0..LANES {
                let mut bytes = [b'g'; LANES];
                bytes[place] = byte;
                let expected = u32::from(is_of_numbers_and_ids(byte)) << place;
                assert_eq!(of_numbers_and_ids(u8x16::new(bytes)), expected, "{byte} {place}");
            }
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
        fn the_halves_find_what_the_whole_does(text in text()) {
            let state = text.bytes().fold(NOTHING, next);
            prop_assert_eq!(automaton_finds(text.as_bytes()), next_of_class(state, END) == FOUND);
        }

        #[test]
        fn what_is_a_number_or_an_id_needs_no_automaton(text in "[0-9a-fA-F:.,+ -]{0,39}") {
            prop_assert!(text.bytes().all(is_of_numbers_and_ids), "{}", text);
            prop_assert!(!automaton_finds(text.as_bytes()), "{}", text);
        }

        #[test]
        fn a_stretch_is_looked_at_and_nothing_else(
            line in "[0-9a-fA-F:.,+ -]{0,60}|.{0,60}|[0-9a-f]{0,60}[g/@`G;]?[0-9a-f]{0,20}",
            ends in proptest::collection::vec((0_usize..80, 0_usize..80), 1..20),
        ) {
            let line = line.as_bytes();
            for (start, end) in ends {
                let stretch = start.min(end).min(line.len())..start.max(end).min(line.len());
                let expected = line[stretch.clone()].iter().all(|&byte| is_of_numbers_and_ids(byte));
                prop_assert_eq!(is_number_or_id(line, &stretch), expected);
            }
        }

        #[test]
        fn a_time_needs_no_automaton(
            before in ".{0,20}",
            day in "[0-9]{2}",
            month in "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
            year in "[0-9a-f]{4}",
            time in "([0-9a-f]{2}:){2}[0-9a-f]{2} [+-][0-9a-f]{4}",
            behind in ".{0,20}",
        ) {
            let time = format!("{day}/{month}/{year}:{time}");
            let line = format!("{before}{time}{behind}");
            let stretch = before.len()..before.len() + time.len();
            prop_assert!(is_time(line.as_bytes(), &stretch, time.as_bytes()), "{}", time);
            prop_assert!(!automaton_finds(time.as_bytes()), "{}", time);
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
