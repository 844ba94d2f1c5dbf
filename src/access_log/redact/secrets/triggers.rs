//! A look at a text that tells in one pass that no secret can be in it, which is so of nearly every line.
//!
//! It never says so of a text in which the search would find one; it may send it on a search for nothing.
//! It is an automaton over the words that the search knows (Aho and Corasick, "Efficient string matching", 1975), made
//! at compile time: case and the signs within a name do not matter to it, as they do not to the search.

use super::names::{ENDINGS, QUERIES, WORDS};
use super::tokens::{KEYS, SCHEMES, TOKEN_BEGINS};

/// States are numbered by a byte, so that no look into the table can miss it.
const STATES: usize = 256;
/// Kinds of bytes: 26 letters, and these.
const CLASSES: usize = 32;
const DIGIT: usize = 26;
/// Signs that names may hold and that keys of providers end in.
const DASH: usize = 27;
const LOW_LINE: usize = 28;
/// Signs that are no part of a name, and do not part names, either.
const SIGN: usize = 29;
/// What parts names. Two of them begin the authority of a URL.
const SLASH: usize = 30;
/// Queries and escapes, and what may be a letter of a name in another script.
const TRIGGER: usize = 31;

/// Nothing was read of any word; behind a slash; a search could find something.
const NOTHING: u8 = 0;
const BEHIND_SLASH: u8 = 1;
const FOUND: u8 = 2;

/// The class of each byte.
static CLASS: [u8; 256] = classes();
/// The state behind each state by the class of the next byte.
static NEXT: [[u8; CLASSES]; STATES] = Automaton::new().next;

/// Whether a search could find a secret in the text, or a name that promises one.
pub(crate) fn may_hold(text: &str) -> bool {
    /// Bytes between two looks at the state; in this one the loop is unrolled.
    const STEP: usize = 8;
    let (steps, rest) = text.as_bytes().as_chunks::<STEP>();
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
    state_of(state, SIGN) == FOUND
}

#[inline(always)]
fn next(state: u8, byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).map_or(FOUND, |&class| state_of(state, class.into()))
}

#[inline(always)]
fn state_of(state: u8, class: usize) -> u8 {
    NEXT.get(usize::from(state)).and_then(|row| row.get(class % CLASSES)).copied().unwrap_or(FOUND)
}

const fn classes() -> [u8; 256] {
    let mut classes = [SIGN as u8; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = class_of(byte as u8) as u8;
        byte += 1;
    }
    classes
}

const fn class_of(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => (byte - b'a') as usize,
        b'A'..=b'Z' => (byte - b'A') as usize,
        b'0'..=b'9' => DIGIT,
        b'-' | b'.' => DASH,
        b'_' => LOW_LINE,
        b'/' => SLASH,
        b'?' | b'#' | b'%' | b'\\' | b'&' | 0..b' ' | 0x7f.. => TRIGGER,
        _ => SIGN,
    }
}

/// The automaton in the making. Until [`Self::link`], 0 stands for no state.
struct Automaton {
    next: [[u8; CLASSES]; STATES],
    states: usize,
    /// Whether this state is that of a word that is all of a name.
    ends_name: [bool; STATES],
}

impl Automaton {
    const fn new() -> Self {
        let mut automaton =
            Self { next: [[0; CLASSES]; STATES], states: FOUND as usize + 1, ends_name: [false; STATES] };
        let mut at = 0;
        while at < ENDINGS.len() {
            automaton.add(ENDINGS[at]);
            at += 1;
        }
        at = 0;
        while at < QUERIES.len() {
            automaton.add(QUERIES[at]);
            at += 1;
        }
        at = 0;
        while at < SCHEMES.len() {
            automaton.add(SCHEMES[at]);
            at += 1;
        }
        at = 0;
        while at < TOKEN_BEGINS.len() {
            automaton.add(TOKEN_BEGINS[at].0);
            at += 1;
        }
        at = 0;
        while at < KEYS.len() {
            automaton.add(KEYS[at].0);
            at += 1;
        }
        at = 0;
        while at < WORDS.len() {
            automaton.add_name(WORDS[at]);
            at += 1;
        }
        automaton.link();
        automaton
    }

    /// Adds a word, up to a slash in it. Signs count at its end alone.
    const fn add(&mut self, word: &str) {
        let word = word.as_bytes();
        let (mut state, mut at) = (NOTHING as usize, 0);
        while at < word.len() {
            let class = class_of(word[at]);
            let is_last = at + 1 == word.len() || class == SLASH;
            if is_last {
                self.next[state][class] = FOUND;
                return;
            }
            if class < DIGIT {
                state = self.down(state, class);
                if state == FOUND as usize {
                    return;
                }
            }
            at += 1;
        }
    }

    /// Adds a word that is all of a name.
    const fn add_name(&mut self, word: &str) {
        let word = word.as_bytes();
        let (mut state, mut at) = (NOTHING as usize, 0);
        while at < word.len() {
            state = self.down(state, class_of(word[at]));
            if state == FOUND as usize {
                return;
            }
            at += 1;
        }
        self.ends_name[state] = true;
    }

    /// The state behind this one; it is made where there is none.
    const fn down(&mut self, state: usize, class: usize) -> usize {
        if self.next[state][class] == 0 {
            assert!(self.states < STATES, "more words than a byte can number the states of");
            self.next[state][class] = self.states as u8;
            self.states += 1;
        }
        self.next[state][class] as usize
    }

    /// Gives each state all that follows from what it ends in.
    const fn link(&mut self) {
        // What each state ends in, too: the longest beginning of a word but itself.
        let mut ends_in = [NOTHING; STATES];
        let mut queue = [NOTHING; STATES];
        let (mut first, mut last) = (0, 1);
        while first < last {
            let state = queue[first] as usize;
            first += 1;
            let end = ends_in[state] as usize;
            let is_root = state == NOTHING as usize;
            self.ends_name[state] |= self.ends_name[end];
            let mut class = 0;
            while class < CLASSES {
                let own = self.next[state][class];
                // Where the end leads, which stands nearer to the root and so is linked already.
                let of_end = if is_root { NOTHING } else { self.next[end][class] };
                let is_found = own == FOUND
                    || of_end == FOUND
                    || class == TRIGGER
                    || class >= DIGIT && self.ends_name[state];
                self.next[state][class] = if is_found {
                    FOUND
                } else if class == SLASH {
                    BEHIND_SLASH
                } else if class > DIGIT {
                    state as u8
                } else if own == 0 {
                    of_end
                } else {
                    ends_in[own as usize] = of_end;
                    queue[last] = own;
                    last += 1;
                    own
                };
                class += 1;
            }
        }
        self.next[BEHIND_SLASH as usize] = self.next[NOTHING as usize];
        self.next[BEHIND_SLASH as usize][SLASH] = FOUND;
        self.next[FOUND as usize] = [FOUND; CLASSES];
    }
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
