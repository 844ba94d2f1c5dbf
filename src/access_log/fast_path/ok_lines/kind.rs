//! What a word is: as fine as the questions that the formats' readers ask, so that to each of them all words of a kind
//! have the same answer. Where words end is found sixteen bytes at a time on every kind of machine.

use std::net::Ipv6Addr;

use wide::u8x16;

use crate::words::MONTHS;

/// The longest id, as `shapes::is_id` has it.
const MAX_ID: usize = 128;

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A status below 400.
    Status,
    /// Three digits that could be a status.
    Code,
    Number,
    Decimal,
    Address,
    /// An IPv4 address and a port.
    Endpoint,
    /// `18/Nov/2020:05:28:56`
    Date,
    /// As this, with other digits.
    Shape(String),
    Method,
    Path,
    Url,
    /// Of letters, digits and a few signs, and no `-` alone.
    Id,
    /// The same, or `-`.
    Principal,
    /// Between quotes, and not beginning with a blank.
    Quoted,
    /// Between tabs.
    Field,
}

/// The least and the greatest byte at each place of a word whose length is always the same.
pub(super) type Range = [u8; 2];

impl Kind {
    /// What each byte may be, where all words of this kind are equally long; of a [`Kind::Date`] the month is asked besides.
    pub(super) fn ranges(&self) -> Option<Vec<Range>> {
        let class = |least| Some(vec![least, [b'0', b'9'], [b'0', b'9']]);
        let shape = |shape: &[u8]| {
            let range = |&byte: &u8| match byte {
                b'0'..=b'9' => [b'0', b'9'],
                b'M' | b'm' => [b'A', b'z'],
                other => [other; 2],
            };
            Some(shape.iter().map(range).collect())
        };
        match self {
            Self::Status => class([b'1', b'3']),
            Self::Code => class([b'1', b'5']),
            Self::Date => shape(DATE),
            Self::Shape(text) => shape(text.as_bytes()),
            _ => None,
        }
    }

    /// The length of the word at the beginning of `text`, if it is of this kind.
    #[inline]
    pub(super) fn length(&self, text: &[u8]) -> Option<usize> {
        let length = match self {
            Self::Status | Self::Code | Self::Date | Self::Shape(_) => {
                let ranges = self.ranges()?;
                let word = text.get(..ranges.len())?;
                let fits =
                    word.iter().zip(&ranges).all(|(byte, [least, most])| (least..=most).contains(&byte));
                let fits = fits && (*self != Self::Date || is_month(word.get(MONTH_AT..)?));
                fits.then_some(word.len())?
            }
            Self::Number => run(text, DIGIT),
            Self::Decimal => {
                let whole = run(text, DIGIT);
                let fraction = text.get(whole..)?.strip_prefix(b".")?;
                if whole == 0 || run(fraction, DIGIT) == 0 {
                    return None;
                }
                whole + 1 + run(fraction, DIGIT)
            }
            Self::Address => address(text)?,
            Self::Endpoint => {
                let address = ipv4(text)?;
                let digits = run(text.get(address..)?.strip_prefix(b":")?, DIGIT);
                (1..=5).contains(&digits).then_some(address + 1 + digits)?
            }
            Self::Method => match text {
                [b'G', b'E', b'T', ..] | [b'P', b'U', b'T', ..] => 3,
                [b'P', b'O', b'S', b'T', ..] | [b'H', b'E', b'A', b'D', ..] => 4,
                [b'P', b'A', b'T', b'C', b'H', ..] | [b'T', b'R', b'A', b'C', b'E', ..] => 5,
                [b'D', b'E', b'L', b'E', b'T', b'E', ..] => 6,
                [b'O', b'P', b'T', b'I', b'O', b'N', b'S', ..] => 7,
                _ => return None,
            },
            Self::Path => text.starts_with(b"/").then(|| path_length(text))?,
            Self::Url => {
                (text.starts_with(b"https://") || text.starts_with(b"http://")).then(|| path_length(text))?
            }
            Self::Id | Self::Principal => {
                let is_dash = matches!(text, [b'-', next, ..] if !is_of(*next, ID)) || text == b"-";
                if is_dash {
                    return (*self == Self::Principal).then_some(1);
                }
                let length = id_length(text);
                if length > MAX_ID || text.starts_with(b"HTTP/") {
                    return None;
                }
                length
            }
            Self::Quoted => return (text.first() != Some(&b' ')).then(|| quoted_length(text)),
            Self::Field => run(text, FIELD),
        };
        (length > 0).then_some(length)
    }
}

const DIGIT: u8 = 1;
const ID: u8 = 2;
const PATH: u8 = 4;
const QUOTED: u8 = 8;
const FIELD: u8 = 16;

/// What each byte may be a part of.
#[allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "the place is below 256, or this does not compile"
)]
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_digit() {
            bytes[at] |= DIGIT;
        }
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/') {
            bytes[at] |= ID;
        }
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b'<' | b'>' | b'[' | b']' | b'\\') {
            bytes[at] |= PATH;
        }
        if byte >= b' ' && byte != 0x7f && !matches!(byte, b'"' | b'\\' | b'[') {
            bytes[at] |= QUOTED;
        }
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
            bytes[at] |= FIELD;
        }
        at += 1;
    }
    bytes
};

fn is_of(byte: u8, of: u8) -> bool {
    BYTES.get(usize::from(byte)).is_some_and(|kinds| kinds & of != 0)
}

fn run(text: &[u8], of: u8) -> usize {
    text.iter().position(|&byte| !is_of(byte, of)).unwrap_or(text.len())
}

/// Bytes that are looked at together.
const LANES: usize = 16;

/// [`run`], sixteen bytes at a time: `others` has ones where a byte is not of the kind.
#[inline]
fn wide_run(text: &[u8], of: u8, others: impl Fn(u8x16) -> u8x16) -> usize {
    let mut rest = text;
    while let Some((&bytes, behind)) = rest.split_first_chunk::<LANES>() {
        let found = others(u8x16::new(bytes)).to_bitmask();
        if found != 0 {
            return text.len() - rest.len() + found.trailing_zeros() as usize;
        }
        rest = behind;
    }
    text.len() - rest.len() + run(rest, of)
}

fn is(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

fn is_within(bytes: u8x16, least: u8, most: u8) -> u8x16 {
    let above = bytes - u8x16::splat(least);
    above.min(u8x16::splat(most - least)).simd_eq(above)
}

fn id_length(text: &[u8]) -> usize {
    wide_run(text, ID, |bytes| {
        let letters = is_within(bytes | u8x16::splat(0x20), b'a', b'z');
        let others = is_within(bytes, b'/', b'9') | is(bytes, b'-') | is(bytes, b'_') | is(bytes, b'+');
        !(letters | others)
    })
}

pub(super) fn path_length(text: &[u8]) -> usize {
    wide_run(text, PATH, |bytes| {
        let tags = is(bytes | u8x16::splat(2), b'>');
        let others = is(bytes, b'"') | is(bytes, b',') | tags | is_within(bytes, b'[', b']');
        !is_within(bytes, b'!', b'~') | others
    })
}

fn quoted_length(text: &[u8]) -> usize {
    wide_run(text, QUOTED, |bytes| {
        let controls = bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes) | is(bytes, 0x7f);
        controls | is(bytes, b'"') | is(bytes, b'\\') | is(bytes, b'[')
    })
}

const DATE: &[u8] = b"00/Mmm/0000:00:00:00";
/// Where its month stands.
pub(super) const MONTH_AT: usize = 3;

/// Whether a month's name begins here.
pub(super) fn is_month(text: &[u8]) -> bool {
    let begin = text.first_chunk::<3>();
    begin.is_some_and(|begin| MONTHS.iter().any(|month| month.as_bytes() == begin))
}

fn ipv4(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            at += usize::from(text.get(at) == Some(&b'.'));
        }
        let digits = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = text.get(at..at + digits)?;
        let is_byte = matches!(
            number,
            [_] | [b'1'..=b'9', _] | [b'1', _, _] | [b'2', b'0'..=b'4', _] | [b'2', b'5', b'0'..=b'5']
        );
        if !is_byte || part > 0 && text.get(at - 1) != Some(&b'.') {
            return None;
        }
        at += digits;
    }
    Some(at)
}

fn address(text: &[u8]) -> Option<usize> {
    if let Some(length) = ipv4(text).or_else(|| whole_ipv6(text)) {
        return Some(length);
    }
    let length = text
        .iter()
        .take(46)
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        .count();
    let said = std::str::from_utf8(text.get(..length)?).ok()?;
    said.parse::<Ipv6Addr>().ok().map(|_| length)
}

/// The length of an IPv6 address of which all eight groups are written, none as `::`.
fn whole_ipv6(text: &[u8]) -> Option<usize> {
    let (lanes, _) = text.first_chunk::<{ 3 * LANES }>()?.as_chunks::<LANES>();
    let (mut digits, mut colons) = (0, 0);
    for (number, &lane) in lanes.iter().enumerate() {
        let bytes = u8x16::new(lane);
        let is_digit = is_within(bytes, b'0', b'9') | is_within(bytes | u8x16::splat(0x20), b'a', b'f');
        digits |= u64::from(is_digit.to_bitmask()) << (number * LANES);
        colons |= u64::from(is(bytes, b':').to_bitmask()) << (number * LANES);
    }
    let length = (!(digits | colons)).trailing_zeros();
    let end = 1_u64 << length;
    let (digits, colons) = (digits & (end - 1), colons & (end - 1));
    let fives = digits & digits >> 1 & digits >> 2 & digits >> 3 & digits >> 4;
    let ends = colons | end;
    let empty = ends & (ends << 1 | 1);
    (fives == 0 && empty == 0 && colons.count_ones() == 7).then_some(length as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_run_ends_at_the_first_byte_of_another_kind_however_far_away() {
        type Length = fn(&[u8]) -> usize;
        for (of, length) in
            [(ID, id_length as Length), (PATH, path_length as Length), (QUOTED, quoted_length as Length)]
        {
            for before in 0..40 {
                for byte in 0..=u8::MAX {
                    let text = [vec![b'a'; before], vec![byte], vec![b'z'; 40]].concat();
                    assert_eq!(length(&text), run(&text, of), "{of} {before} {byte}");
                    assert_eq!(length(&text[..=before]), run(&text[..=before], of), "{of} {before} {byte}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_whole_ipv6_address_is_one_to_the_standard_library(
            text in "([0-9a-fA-F]{1,4}:){6,7}[0-9a-fA-F]{0,5}|([0-9a-f]{0,5}:?){7,9}", behind in "[ ,\"z]{1}[ -~]{40}",
        ) {
            let length = whole_ipv6(format!("{text}{behind}").as_bytes());
            let is_address = text.parse::<Ipv6Addr>().is_ok() && !text.contains("::");
            prop_assert_eq!(length, is_address.then_some(text.len()), "{}", text);
        }
    }
}
