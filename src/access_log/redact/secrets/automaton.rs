//! An automaton over the words that the search knows, after Aho and Corasick ("Efficient string matching", 1975).
//!
//! It is made at compile time. Case and the signs within a name do not matter to it, as they do not to the search.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "the compiler runs it, and refuses an index out of bounds; there are no more than 256 states"
)]

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
pub(super) const NOTHING: u8 = 0;
const BEHIND_SLASH: u8 = 1;
pub(super) const FOUND: u8 = 2;

/// The class of what ends a text.
pub(super) const END: u8 = SIGN as u8;

/// The class of each byte.
static CLASS: [u8; 256] = classes();
/// The state behind each state by the class of the next byte.
static NEXT: [u8; STATES * CLASSES] = Automaton::new().flat();

/// The state behind this one.
#[allow(
    clippy::inline_always,
    reason = "every byte of every error line passes here, and small code comes first elsewhere"
)]
#[inline(always)]
pub(super) fn next(state: u8, byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).map_or(FOUND, |&class| next_of_class(state, class))
}

/// The same, of a byte of this class.
#[allow(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub(super) fn next_of_class(state: u8, class: u8) -> u8 {
    // By "or", so that the compiler sees that no index is out of bounds.
    NEXT.get((usize::from(state) * CLASSES) | usize::from(class)).copied().unwrap_or(FOUND)
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

    const fn flat(&self) -> [u8; STATES * CLASSES] {
        let mut flat = [FOUND; STATES * CLASSES];
        let mut at = 0;
        while at < flat.len() {
            flat[at] = self.next[at / CLASSES][at % CLASSES];
            at += 1;
        }
        flat
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
