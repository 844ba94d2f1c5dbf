//! Where a string that is full of escapes ends, found 64 bytes at a time.
//!
//! A log line that is JSON itself has an escape at each of its quotes when it stands in JSON. Escapes are stepped over, not
//! checked.

use wide::u8x16;

const LANES: usize = 16;
const BLOCK: usize = 4 * LANES;
/// Every second byte of a block, from its second one.
const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// The length of the string whose text begins at `text`, up to its closing quote.
///
/// `None` where it does not end, and where a line break stands before its end, which JSON does not allow.
pub(crate) fn string_length(text: &[u8]) -> Option<usize> {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut length = 0;
    let mut is_escaped = false;
    for block in blocks {
        let Found { quotes, backslashes, line_breaks } = Found::in_block(block);
        let ends = quotes & !escaped(backslashes, &mut is_escaped);
        let before_end = ends.wrapping_sub(1) & !ends;
        if line_breaks & before_end != 0 {
            return None;
        }
        if ends != 0 {
            return Some(length + ends.trailing_zeros() as usize);
        }
        length += BLOCK;
    }
    for byte in rest {
        match byte {
            b'\n' => return None,
            _ if is_escaped => is_escaped = false,
            b'"' => return Some(length),
            byte => is_escaped = *byte == b'\\',
        }
        length += 1;
    }
    None
}

/// A bit for each byte of a block, the first byte's lowest.
struct Found {
    quotes: u64,
    backslashes: u64,
    line_breaks: u64,
}

impl Found {
    #[inline]
    fn in_block(block: &[u8; BLOCK]) -> Self {
        let mut found = Self { quotes: 0, backslashes: 0, line_breaks: 0 };
        let (lanes, _) = block.as_chunks::<LANES>();
        for (index, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            let bits =
                |byte: u8| u64::from(bytes.simd_eq(u8x16::splat(byte)).to_bitmask()) << (index * LANES);
            found.quotes |= bits(b'"');
            found.backslashes |= bits(b'\\');
            found.line_breaks |= bits(b'\n');
        }
        found
    }
}

/// The bytes of a block that a backslash before them escapes. `is_escaped` says it of the first one, and afterwards of the
/// first one of the next block.
///
/// In a row of backslashes the first escapes the second, the third the fourth, and so on. Where the row begins at an even
/// place those at even places escape, else those at odd places: a subtraction carries from where a row begins through all
/// of it. (Geoff Langdale and Daniel Lemire, "Parsing Gigabytes of JSON per Second", as simdjson has it since 2023.)
#[inline]
fn escaped(backslashes: u64, is_escaped: &mut bool) -> u64 {
    let first = u64::from(*is_escaped);
    let unescaped_or_in_row = backslashes & !first;
    let behind = unescaped_or_in_row << 1;
    let codes = (behind | ODD).wrapping_sub(unescaped_or_in_row) ^ ODD;
    *is_escaped = (codes & backslashes) >> 63 == 1;
    codes ^ (backslashes | first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::string_length;
    use crate::json::closing_quote;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_string_ends_where_its_first_quote_without_escape_is(text in r#"([\\"]{0,5}|[a-z{},:é]{0,70}|\\{60,70}|\n?){0,8}"#, before in 0_usize..64) {
            let text = format!("{}{text}", "x".repeat(before));
            let expected = closing_quote(text.as_bytes(), 0).ok();
            let expected = expected.filter(|end| !text.as_bytes()[..*end].contains(&b'\n'));
            prop_assert_eq!(string_length(text.as_bytes()), expected, "{}", text);
        }
    }
}
