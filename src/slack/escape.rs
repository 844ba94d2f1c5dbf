//! Escapes strangers' text, so that Slack shows it and does nothing else with it.
//!
//! The result holds no line break, so that one line can never pass for two, no other control character
//! and no bidirectional one, and it becomes no mention, link, emoji or formatting.
//! A cut falls on a character boundary, never inside an entity, and says how much is missing.

mod measured;

use std::fmt::Write as _;

pub(crate) use measured::{Measured, Size};

use crate::words::{self, is_treacherous};

/// Breaks up whatever Slack would parse; takes no room on screen.
pub const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Where a text is going, and so what has to be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Slack's own markup: `text`, `fallback`, link labels.
    ///
    /// `& < >` become entities, the only three that Slack knows, and a zero-width space follows each of
    /// ``* _ ~ ` : @ # .``, which have no escape. Control and bidirectional characters are dropped. A
    /// zero-width space also stands before a text that begins with `>` or the mark of a list, so that no line becomes a
    /// quote or an item.
    Mrkdwn,
    /// A text element of a `rich_text` block, which Slack does not parse: nothing is escaped.
    ///
    /// Control characters are made visible as control pictures (`␊`), bidirectional ones as `\u202e`.
    RichText,
}

/// The length of a text in what we take for Slack's characters: UTF-16 code units.
///
/// Slack does not say what it counts; UTF-16 code units are never fewer than code points.
#[must_use]
pub fn units(text: &str) -> usize {
    // Every character but those of four bytes, which take two, is one unit and has one byte that begins it.
    let units = |byte: u8| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0);
    if text.is_ascii() { text.len() } else { text.bytes().map(units).sum() }
}

/// How many [`units`] a text has at least once it is harmless: printable ASCII stays.
pub(super) fn least_units(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b' '..=b'~')).count()
}

/// Whether a text begins as a quote or an item of a list does.
pub(super) fn begins_as_quote_or_list(text: &mut dyn Iterator<Item = char>) -> bool {
    let mut shown = text.skip_while(|c| c.is_whitespace() || is_treacherous(*c));
    match shown.next() {
        Some('0'..='9') => matches!(shown.find(|c| !c.is_ascii_digit()), Some('.' | ')')),
        Some(first) => matches!(
            first,
            '>' | '-' | '+' | '*' | '–' | '—' | '•' | '‣' | '⁃' | '◦' | '▪' | '▫' | '●' | '○' | '·'
        ),
        None => false,
    }
}

/// The whole text, made harmless.
#[must_use]
pub fn escape(text: &str, dialect: Dialect) -> String {
    escape_within(text, 0, dialect, usize::MAX)
}

/// The text made harmless and, if need be, cut to at most `max` [`units`], the mark included.
///
/// `missing` is how many characters of the original are absent from `text` already;
/// where it is not 0, the mark is there whatever the length.
#[must_use]
pub fn escape_within(text: &str, missing: usize, dialect: Dialect, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max) + text.len().min(max) / 4);
    let guard = guard(text, dialect);
    let Some(room) = max.checked_sub(units(guard)) else { return out };
    out.push_str(guard);
    push_within(text, missing, dialect, room, &mut out);
    out
}

/// What has to stand before a text at the beginning of a line.
fn guard(text: &str, dialect: Dialect) -> &'static str {
    let is_needed = dialect == Dialect::Mrkdwn && begins_as_quote_or_list(&mut text.chars());
    if is_needed { "\u{200b}" } else { "" }
}

/// The same behind other text, where it begins no line: it can be no quote and no item of a list there.
pub(super) fn push_within(text: &str, missing: usize, dialect: Dialect, max: usize, out: &mut String) {
    let start = out.len();
    push_whole(text, dialect, out);
    // No text has more units than bytes.
    let is_within = |whole: &str| whole.len() <= max || units(whole) <= max;
    if missing > 0 || !out.get(start..).is_some_and(is_within) {
        out.truncate(start);
        let (kept, mark) = Measured::unguarded(text, missing, dialect, max).cut(max);
        let end = text.char_indices().nth(kept).map_or(text.len(), |(end, _)| end);
        push_whole(text.get(..end).unwrap_or_default(), dialect, out);
        out.push_str(&mark);
    }
}

/// What needs nothing done to it, as most of any text does, is copied in one piece.
fn push_whole(text: &str, dialect: Dialect, out: &mut String) {
    let mut rest = text;
    loop {
        let harmless = rest.bytes().take_while(|&byte| is_harmless(byte, dialect)).count();
        let Some((run, odd)) = rest.split_at_checked(harmless) else { return };
        out.push_str(run);
        let mut chars = odd.chars();
        let Some(c) = chars.next() else { return };
        push_harmless(c, dialect, out);
        rest = chars.as_str();
    }
}

/// Printable ASCII without what the dialect formats by. All else may still be harmless.
fn is_harmless(byte: u8, dialect: Dialect) -> bool {
    let formats = |c| entity(c).is_some() || is_markup(c);
    matches!(byte, b' '..=b'~') && (dialect == Dialect::RichText || !formats(char::from(byte)))
}

/// Mrkdwn that is safe already, cut to at most `max` [`units`], the mark included.
///
/// Never cuts inside an entity or `<…>`, nor between a character and its zero-width space.
#[must_use]
pub fn cut_mrkdwn(text: &str, max: usize) -> String {
    cut(text, piece_len, max)
}

/// Text that Slack does not parse and that is harmless already, cut to at most `max` [`units`],
/// the mark included.
#[must_use]
pub fn cut_text(text: &str, max: usize) -> String {
    cut(text, |text| text.chars().next().map_or(0, char::len_utf8), max)
}

/// As many pieces as leave room for the mark, and the mark; the whole text where it fits.
fn cut(text: &str, piece_len: fn(&str) -> usize, max: usize) -> String {
    if text.len() <= max || units(text) <= max {
        return text.to_owned();
    }
    let pieces = || {
        let mut rest = text;
        std::iter::from_fn(move || {
            let (piece, after) = rest.split_at_checked(piece_len(rest))?;
            rest = after;
            Some(piece).filter(|piece| !piece.is_empty())
        })
    };
    let (mut end, mut left) = (0, pieces().count());
    let Some(mut room) = max.checked_sub(units(&mark(left))) else {
        return if max == 0 { String::new() } else { "…".to_owned() };
    };
    for piece in pieces() {
        let Some(after) = room.checked_sub(units(piece)) else { break };
        room = after;
        end += piece.len();
        left -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned() + &mark(left)
}

fn mark(missing: usize) -> String {
    format!("… ({})", words::count(missing as u64, "more character"))
}

fn push_harmless(c: char, dialect: Dialect, out: &mut String) {
    match dialect {
        Dialect::Mrkdwn => match entity(c) {
            Some(entity) => out.push_str(entity),
            None if is_markup(c) => out.extend([c, ZERO_WIDTH_SPACE]),
            None if is_treacherous(c) => {}
            None => out.push(c),
        },
        Dialect::RichText => match c {
            '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => out.push('␡'),
            _ if is_treacherous(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        },
    }
}

/// What Slack writes for a character that begins its own markup.
fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// What formats in mrkdwn, or makes a link or a mention of what stands beside it.
fn is_markup(c: char) -> bool {
    matches!(c, '*' | '_' | '~' | '`' | ':' | '@' | '#' | '.')
}

/// How many bytes the first unbreakable piece of some mrkdwn takes.
fn piece_len(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    let alone = first.len_utf8();
    let whole = match first {
        '<' => text.find('>').map(|at| at + 1),
        '&' => ["&amp;", "&lt;", "&gt;"].iter().find(|entity| text.starts_with(**entity)).map(|e| e.len()),
        _ => None,
    };
    whole.unwrap_or_else(|| match text.chars().nth(1) {
        Some(ZERO_WIDTH_SPACE) => alone + ZERO_WIDTH_SPACE.len_utf8(),
        _ => alone,
    })
}

#[cfg(test)]
mod tests {
    use super::Dialect::{Mrkdwn, RichText};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mrkdwn_has_three_entities_and_a_zero_width_space_after_what_formats() {
        assert_eq!(
            escape("a & <!channel> & <@U1>", Mrkdwn),
            "a &amp; &lt;!channel&gt; &amp; &lt;@\u{200b}U1&gt;"
        );
        assert_eq!(
            escape("* _ ~ ` : @ # .", Mrkdwn),
            "\u{200b}*\u{200b} _\u{200b} ~\u{200b} `\u{200b} :\u{200b} @\u{200b} #\u{200b} .\u{200b}"
        );
        assert_eq!(escape("&lt;", Mrkdwn), "&amp;lt;", "what looks escaped is a stranger's text too");
    }

    #[test]
    fn mrkdwn_drops_control_and_bidirectional_characters() {
        assert_eq!(escape("a\r\nb\0c\u{1b}[31m\u{202e}d\u{2028}e\u{85}f", Mrkdwn), "abc[31mdef");
    }

    #[test]
    fn no_line_begins_as_a_quote_or_a_list() {
        for text in
            ["> x", ">>> x", " > x", "\u{202e}> x", "- x", "* x", "• x", "  ◦ x", "1. x", "12) x", "+ x"]
        {
            assert!(escape(text, Mrkdwn).starts_with(ZERO_WIDTH_SPACE), "{text}");
            assert!(escape_within(text, 900, Mrkdwn, 40).starts_with(ZERO_WIDTH_SPACE), "{text}");
            assert!(!escape(text, RichText).contains(ZERO_WIDTH_SPACE), "{text}");
        }
        for text in ["a > b", "502 POST /", "", "12 counted"] {
            assert!(!escape(text, Mrkdwn).contains(ZERO_WIDTH_SPACE), "{text}");
        }
    }

    #[test]
    fn rich_text_is_not_escaped_but_shows_what_would_be_invisible() {
        assert_eq!(escape("<!here> & *b* :x:", RichText), "<!here> & *b* :x:");
        assert_eq!(
            escape("a\r\nb\0\u{1b}\x7f\u{202e}\u{2028}\u{85}", RichText),
            "a␍␊b␀␛␡\\u202e\\u2028\\u0085"
        );
    }

    #[test]
    fn letters_of_every_script_and_joined_emoji_are_kept() {
        for text in ["エラー発生", "ошибка", "👩‍👩‍👧", "हिन्दी", "می‌خواهم"]
        {
            assert_eq!(escape(text, Mrkdwn), text);
            assert_eq!(escape(text, RichText), text);
        }
    }

    #[test]
    fn a_text_that_just_fits_is_whole_and_one_character_more_is_cut_and_marked() {
        assert_eq!(escape_within(&"x".repeat(40), 0, Mrkdwn, 40), "x".repeat(40));
        assert_eq!(
            escape_within(&"x".repeat(41), 0, Mrkdwn, 40),
            format!("{}… (23 more characters)", "x".repeat(18)),
        );
    }

    #[test]
    fn the_limit_counts_what_is_sent_not_what_came() {
        assert_eq!(units(&escape_within(&"<".repeat(10), 0, Mrkdwn, 40)), 40);
        let cut = escape_within(&"<".repeat(11), 0, Mrkdwn, 40);
        assert_eq!(cut, "&lt;&lt;&lt;&lt;… (7 more characters)");
    }

    #[test]
    fn what_was_missing_before_is_counted_too() {
        assert_eq!(escape_within("abc", 1_000, RichText, 60), "abc… (1,000 more characters)");
        assert_eq!(escape_within("abc", 1_000, RichText, 26), "a… (1,002 more characters)");
    }

    #[test]
    fn no_room_for_the_mark_leaves_an_ellipsis() {
        assert_eq!(escape_within("abcdefgh", 0, RichText, 3), "…");
        assert_eq!(escape_within("abcdefgh", 0, RichText, 0), "");
    }

    #[test]
    fn a_pair_of_surrogates_is_never_halved() {
        let cut = escape_within(&"😀".repeat(40), 0, RichText, 42);
        assert_eq!(cut, format!("{}… (30 more characters)", "😀".repeat(10)));
    }

    #[test]
    fn markup_is_cut_between_its_pieces() {
        let text = format!("<!subteam^S012345> a&amp;b*\u{200b}{}", "x".repeat(40));
        let shown: Vec<_> = [20, 30, 39, 46, 47, 49].map(|max| cut_mrkdwn(&text, max)).into();
        assert_eq!(
            shown,
            [
                "… (46 more characters)".chars().next().map(String::from).unwrap_or_default(),
                "… (46 more characters)".to_owned(),
                "… (46 more characters)".to_owned(),
                "<!subteam^S012345> a… (43 more characters)".to_owned(),
                "<!subteam^S012345> a&amp;… (42 more characters)".to_owned(),
                "<!subteam^S012345> a&amp;b… (41 more characters)".to_owned(),
            ]
        );
        assert_eq!(cut_mrkdwn("<not closed", 11), "<not closed");
    }

    proptest! {
        #[test]
        fn units_are_utf_16s_and_a_text_is_escaped_as_its_characters_are(text in "\\PC{0,40}|[a.<&>:*\u{202e}\n😀é]{0,80}") {
            prop_assert_eq!(units(&text), text.encode_utf16().count());
            for dialect in [Mrkdwn, RichText] {
                let mut by_character = String::new();
                text.chars().for_each(|c| push_harmless(c, dialect, &mut by_character));
                let guard = if dialect == Mrkdwn && begins_as_quote_or_list(&mut text.chars()) { "\u{200b}" } else { "" };
                prop_assert_eq!(escape(&text, dialect), format!("{guard}{by_character}"));
                prop_assert!(least_units(&text) <= units(&by_character));
            }
        }

        #[test]
        fn no_cut_is_longer_than_asked_for(text in "[a<&>*\u{202e}\n😀]{0,80}", missing in 0_usize..3, max in 0_usize..90) {
            for dialect in [Mrkdwn, RichText] {
                let cut = escape_within(&text, missing, dialect, max);
                prop_assert!(units(&cut) <= max);
                prop_assert!(!cut.chars().any(is_treacherous));
                prop_assert!(units(&cut_mrkdwn(&escape(&text, Mrkdwn), max)) <= max);
            }
        }
    }
}
