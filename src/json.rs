//! JSON by the byte, as RFC 8259 writes it: where a value ends, and what a string says.
//!
//! Two readers share it: `decode`, whose text comes in windows, and `access_log`, whose line is there whole.
//! It builds no tree and allocates nothing but the text of a string that holds escapes.

pub(crate) mod ends;
pub(crate) mod members;
#[cfg(feature = "live")]
pub(crate) mod string_end;

use memchr::memchr2;

/// Deepest nesting that is read, as in `serde_json`: deeper text is invalid, whatever it holds.
pub(crate) const MAX_DEPTH: usize = 128;

/// Why a piece of text was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text ends before the value does.
    Incomplete,
    /// The byte at this offset cannot stand there.
    Invalid(usize),
}

/// The first offset at or after `at` that is no white space.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// Expects `byte` after white space; gives the offset behind it.
pub(crate) fn expect(text: &[u8], at: usize, byte: u8) -> Result<usize, Stop> {
    let at = skip_space(text, at);
    match text.get(at) {
        Some(&found) if found == byte => Ok(at + 1),
        Some(_) => Err(Stop::Invalid(at)),
        None => Err(Stop::Incomplete),
    }
}

/// `at` is behind an opening quote; gives the offset of the closing one.
///
/// Escapes are stepped over, not checked: [`unescape`] makes the best of a wrong one.
pub(crate) fn closing_quote(text: &[u8], mut at: usize) -> Result<usize, Stop> {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(found) = memchr2(b'"', b'\\', rest) else { return Err(Stop::Incomplete) };
        if rest.get(found) == Some(&b'"') {
            return Ok(at + found);
        }
        at += found + 2;
    }
}

/// What a string's text between its quotes says, appended to `out`.
///
/// A wrong escape or half of a surrogate pair becomes U+FFFD, as does what is not UTF-8:
/// one odd character must not cost a line.
pub(crate) fn unescape(raw: &[u8], out: &mut String) {
    match std::str::from_utf8(raw) {
        Ok(text) => unescape_text(text, out),
        Err(_) => unescape_lossy(raw, out),
    }
}

/// Escapes are ASCII, so that what lies between them is text if the whole is.
fn unescape_text(raw: &str, out: &mut String) {
    out.reserve(raw.len());
    let (mut plain, mut behind) = (0, 0);
    while let Some(found) = raw.as_bytes().get(behind..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        let slash = behind + found;
        out.push_str(raw.get(plain..slash).unwrap_or_default());
        let escape = raw.as_bytes().get(slash..).unwrap_or_default();
        if let Some(b'"' | b'\\' | b'/') = escape.get(1) {
            // It stands for itself, and begins what is copied next.
            (plain, behind) = (slash + 1, slash + 2);
            continue;
        }
        let (character, length) = escaped(escape);
        out.push(character);
        (plain, behind) = (slash + length, slash + length);
    }
    out.push_str(raw.get(plain..).unwrap_or_default());
}

fn unescape_lossy(mut raw: &[u8], out: &mut String) {
    while let Some(slash) = memchr::memchr(b'\\', raw) {
        let (plain, escape) = raw.split_at(slash);
        push_lossy(plain, out);
        let (character, length) = escaped(escape);
        out.push(character);
        raw = escape.get(length..).unwrap_or_default();
    }
    push_lossy(raw, out);
}

/// The character that an escape stands for, and the length of the escape.
fn escaped(escape: &[u8]) -> (char, usize) {
    match escape.get(1) {
        Some(&c @ (b'"' | b'\\' | b'/')) => (char::from(c), 2),
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'u') => unicode_escape(escape),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// Reads `\uXXXX`, or two of them that make a surrogate pair; gives the character and the length read.
fn unicode_escape(escape: &[u8]) -> (char, usize) {
    let Some(high) = hex4(escape, 2) else { return (char::REPLACEMENT_CHARACTER, 1) };
    if let Some(character) = char::from_u32(high) {
        return (character, 6);
    }
    let low = if escape.get(6..8) == Some(b"\\u") { hex4(escape, 8) } else { None };
    match low {
        Some(low @ 0xDC00..=0xDFFF) if high < 0xDC00 => {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn hex4(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
}

fn push_lossy(raw: &[u8], out: &mut String) {
    match std::str::from_utf8(raw) {
        Ok(text) => out.push_str(text),
        Err(_) => out.push_str(&String::from_utf8_lossy(raw)),
    }
}

/// Whether a text is a number as RFC 8259 writes it.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned.starts_with('0')) {
        return false;
    }
    let mut rest = unsigned.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Steps over one value that may come in pieces, and checks that it is JSON.
///
/// Memory is a few words however long or deep the value is.
#[derive(Debug)]
pub(crate) struct Skipper {
    state: State,
    depth: usize,
    /// A bit for each open bracket, the innermost lowest: 1 for an object.
    objects: u128,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
    Text {
        is_key: bool,
    },
    Escape {
        is_key: bool,
    },
    /// What is left of `true`, `false` or `null`.
    Word(&'static [u8]),
    Number(NumberState),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberState {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// How far a [`Skipper`] came with one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The value ends before this offset of the piece.
    Done(usize),
    /// The piece is used up and the value goes on.
    More,
}

impl Skipper {
    pub(crate) fn new() -> Self {
        Self { state: State::Value, depth: 0, objects: 0 }
    }

    /// Whether the text ends within a string: no line of JSON does.
    pub(crate) fn is_in_string(&self) -> bool {
        matches!(self.state, State::Text { .. } | State::Escape { .. })
    }

    /// Reads on; an error gives the offset of the wrong byte in this piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<Progress, usize> {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            at += 1;
            let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            match self.state {
                State::Text { is_key } => {
                    let rest = piece.get(at - 1..).unwrap_or_default();
                    let Some(found) = memchr2(b'"', b'\\', rest) else { return Ok(Progress::More) };
                    at += found;
                    if rest.get(found) == Some(&b'\\') {
                        self.state = State::Escape { is_key };
                    } else if is_key {
                        self.state = State::Colon;
                    } else if self.close_scalar() {
                        return Ok(Progress::Done(at));
                    }
                }
                State::Escape { is_key } => self.state = State::Text { is_key },
                State::Word([first, rest @ ..]) if *first == byte => {
                    self.state = State::Word(rest);
                    if rest.is_empty() && self.close_scalar() {
                        return Ok(Progress::Done(at));
                    }
                }
                State::Number(number) => match number.next(byte) {
                    Some(next) => self.state = State::Number(next),
                    None if !number.may_end() => return Err(at - 1),
                    // The byte belongs to what stands behind the number: look at it again.
                    None => {
                        at -= 1;
                        if self.close_scalar() {
                            return Ok(Progress::Done(at));
                        }
                    }
                },
                _ if space => {}
                State::Value => self.begin(byte).ok_or(at - 1)?,
                State::ValueOrEnd if byte != b']' => self.begin(byte).ok_or(at - 1)?,
                State::KeyOrEnd | State::Key if byte == b'"' => self.state = State::Text { is_key: true },
                State::Colon if byte == b':' => self.state = State::Value,
                State::CommaOrEnd if byte == b',' => {
                    self.state = if self.objects & 1 == 1 { State::Key } else { State::Value };
                }
                State::ValueOrEnd | State::KeyOrEnd | State::CommaOrEnd => {
                    let closing = if self.objects & 1 == 1 { b'}' } else { b']' };
                    if byte != closing {
                        return Err(at - 1);
                    }
                    self.depth -= 1;
                    self.objects >>= 1;
                    if self.close_scalar() {
                        return Ok(Progress::Done(at));
                    }
                }
                State::Word(_) | State::Key | State::Colon | State::Done => return Err(at - 1),
            }
        }
        Ok(Progress::More)
    }

    /// A value is read to its end; says whether it was the outermost one.
    fn close_scalar(&mut self) -> bool {
        self.state = if self.depth == 0 { State::Done } else { State::CommaOrEnd };
        self.depth == 0
    }

    fn begin(&mut self, byte: u8) -> Option<()> {
        self.state = match byte {
            b'"' => State::Text { is_key: false },
            b'{' | b'[' => {
                if self.depth == MAX_DEPTH {
                    return None;
                }
                self.depth += 1;
                self.objects = (self.objects << 1) | u128::from(byte == b'{');
                if byte == b'{' { State::KeyOrEnd } else { State::ValueOrEnd }
            }
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b'-' => State::Number(NumberState::Minus),
            b'0' => State::Number(NumberState::Zero),
            b'1'..=b'9' => State::Number(NumberState::Integer),
            _ => return None,
        };
        Some(())
    }
}

impl NumberState {
    fn next(self, byte: u8) -> Option<Self> {
        use NumberState::{Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Point, Zero};
        match (self, byte) {
            (Minus, b'0') => Some(Zero),
            (Minus, b'1'..=b'9') | (Integer, b'0'..=b'9') => Some(Integer),
            (Zero | Integer, b'.') => Some(Point),
            (Point | Fraction, b'0'..=b'9') => Some(Fraction),
            (Zero | Integer | Fraction, b'e' | b'E') => Some(Exponent),
            (Exponent, b'+' | b'-') => Some(ExponentSign),
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => Some(ExponentDigits),
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::ExponentDigits)
    }
}

/// Steps over one value of a text that is there whole; gives the offset behind it.
///
/// At the end of a text a number has not ended: a digit may follow in the next piece.
pub(crate) fn skip_value(text: &[u8], at: usize) -> Result<usize, Stop> {
    match Skipper::new().feed(text.get(at..).unwrap_or_default()) {
        Ok(Progress::Done(length)) => Ok(at + length),
        Ok(Progress::More) => Err(Stop::Incomplete),
        Err(wrong) => Err(Stop::Invalid(at + wrong)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescaped(raw: &str) -> String {
        let mut out = String::new();
        unescape(raw.as_bytes(), &mut out);
        out
    }

    #[test]
    fn escapes_say_what_rfc_8259_says() {
        assert_eq!(unescaped(r#"a\"b\\c\/d\b\f\n\r\t"#), "a\"b\\c/d\u{8}\u{c}\n\r\t");
        assert_eq!(unescaped(r"\u00e9\u3042\ud83d\ude00"), "éあ😀");
    }

    #[test]
    fn a_wrong_escape_costs_one_character() {
        assert_eq!(unescaped(r"a\qb"), "a\u{fffd}qb");
        assert_eq!(unescaped(r"a\ud83dx"), "a\u{fffd}x");
        assert_eq!(unescaped(r"a\u12"), "a\u{fffd}u12");
        assert_eq!(unescaped(r"\ude00\ud83d"), "\u{fffd}\u{fffd}");
    }

    fn skipper_takes(text: &[u8], piece: usize) -> bool {
        let mut skipper = Skipper::new();
        let mut read = 0;
        for part in text.chunks(piece) {
            match skipper.feed(part) {
                Ok(Progress::Done(length)) => {
                    return text[read + length..].iter().all(u8::is_ascii_whitespace);
                }
                Ok(Progress::More) => read += part.len(),
                Err(_) => return false,
            }
        }
        false
    }

    #[test]
    fn the_deepest_nesting_is_that_of_serde_json() {
        let nested = |depth: usize| format!("{}{} ", "[".repeat(depth), "]".repeat(depth));
        assert!(skipper_takes(nested(MAX_DEPTH).as_bytes(), 7));
        assert!(!skipper_takes(nested(MAX_DEPTH + 1).as_bytes(), 7));
        assert!(!skipper_takes("[".repeat(1_000_000).as_bytes(), 4096));
    }

    proptest! {
        /// Escapes and raw control characters inside strings are let through on purpose, so the alphabet has none.
        #[test]
        fn what_is_json_is_decided_as_serde_json_does(text in r#"[\[\]{},:"0-9eE+\-. tnrf]{0,24}|(true|false|null|[-]?[0-9.eE+-]{1,9}|\{"a":[0-9]+,"b":\[[0-9, ]*\]\})"#, piece in 1_usize..9) {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            // A number at the very end of the text is only known to have ended by what follows it.
            prop_assert_eq!(skipper_takes(format!("{text} ").as_bytes(), piece), expected, "{}", text);
        }

        #[test]
        fn unescaping_agrees_with_serde_json(text in any::<String>()) {
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescaped(&quoted[1..quoted.len() - 1]), text);
        }
    }
}
