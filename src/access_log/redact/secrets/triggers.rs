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
/// The shortest text in which a search could find anything: no word that it knows is shorter.
const SHORTEST: usize = 3;

/// Whether a search could find a secret in the text, or a name that promises one.
pub(crate) fn may_hold(text: &str) -> bool {
    may_hold_in(text.as_bytes(), &(0..text.len()), automaton_finds)
}

/// Whether a search could find a secret in any of these stretches of a line.
pub(crate) fn any_may_hold<'a>(
    line: &[u8],
    mut stretches: impl Iterator<Item = &'a Range<usize>>,
    harmless: &mut HarmlessTexts,
) -> bool {
    stretches.any(|stretch| may_hold_in(line, stretch, |text| !harmless.holds(text)))
}

#[allow(clippy::inline_always, reason = "as below")]
#[inline(always)]
fn may_hold_in(line: &[u8], stretch: &Range<usize>, words_may_hold: impl FnOnce(&[u8]) -> bool) -> bool {
    stretch.len() >= SHORTEST
        && !is_number_or_id(line, stretch)
        && line.get(stretch.clone()).is_none_or(words_may_hold)
}

/// The last text of each length in which there was nothing to be found: methods, routes, protocols and times stand in
/// line after line, and are compared sooner than read.
#[derive(Debug)]
pub(crate) struct HarmlessTexts([[u8; Self::LONGEST]; Self::LONGEST + 1]);

impl Default for HarmlessTexts {
    /// It begins with blanks, in which there is nothing to be found.
    fn default() -> Self {
        Self([[b' '; Self::LONGEST]; Self::LONGEST + 1])
    }
}

impl HarmlessTexts {
    /// The longest text that is kept, in bytes.
    const LONGEST: usize = 32;

    /// Whether there is nothing to be found in a text.
    #[inline(never)]
    fn holds(&mut self, text: &[u8]) -> bool {
        let Some(last) = self.0.get_mut(text.len()).and_then(|last| last.get_mut(..text.len())) else {
            return !automaton_finds(text);
        };
        if last == text {
            return true;
        }
        let is_harmless = !automaton_finds(text);
        if is_harmless {
            last.copy_from_slice(text);
        }
        is_harmless
    }
}

/// Whether a stretch of a line is made of what numbers, ids, addresses and times are written with: no word that the
/// search knows is.
///
/// What follows a short one is looked at, too, and left out: so its bytes need not wait for one another, as the
/// automaton's do, however few they are.
#[allow(clippy::inline_always, reason = "most values of every error line need no more than this look")]
#[inline(always)]
fn is_number_or_id(line: &[u8], stretch: &Range<usize>) -> bool {
    let Some(text) = line.get(stretch.clone()) else { return false };
    let all = |bytes: &[u8; LANES]| of_numbers_and_ids(u8x16::new(*bytes)) == u32::from(u16::MAX);
    // The last bytes are looked at together with some that were looked at before.
    if let Some(last) = text.last_chunk::<LANES>() {
        return text.as_chunks::<LANES>().0.iter().all(all) && all(last);
    }
    let behind = line.get(stretch.start..).and_then(|rest| rest.first_chunk::<LANES>());
    let Some(bytes) = behind.filter(|_| text.len() > FEW) else {
        return text.iter().all(|&byte| is_of_numbers_and_ids(byte));
    };
    let others = !of_numbers_and_ids(u8x16::new(*bytes));
    others & (u32::from(u16::MAX) >> (LANES - text.len())) == 0
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
    fn a_harmless_text_is_known_again_and_no_other_of_its_length() {
        let mut harmless = HarmlessTexts::default();
        for text in
            ["   ", "\0\0\0", "GET", "PUT", "pwd", "PUT", "", &"a".repeat(32), &"b".repeat(33), "GET", "sid"]
        {
            for _ in 0..2 {
                assert_eq!(harmless.holds(text.as_bytes()), !automaton_finds(text.as_bytes()), "{text}");
            }
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
        fn harmless_texts_are_those_in_which_the_automaton_finds_nothing(
            texts in proptest::collection::vec(prop_oneof![text(), "[a-c]{0,3}", ".{0,40}"], 0..40),
        ) {
            let mut harmless = HarmlessTexts::default();
            for text in texts.iter().chain(&texts) {
                prop_assert_eq!(harmless.holds(text.as_bytes()), !automaton_finds(text.as_bytes()), "{}", text);
            }
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
