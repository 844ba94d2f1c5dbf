//! The names of one message as they are shown: short, harmless, and never two that look the same.
//!
//! A name that is cut or holds what no one can see may look like another. Then what keeps them apart is shown: the
//! place where they differ, invisible characters as their codes, and where that is not enough a short hash.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::slack::escape::{Dialect, escape, escape_within, units};
use crate::words::{is_invisible, is_treacherous, look};

/// How a name that looks like another is shown, each way more exact than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its beginning, and from where it differs from those that look like it.
    Difference,
    /// The same and six digits of its hash.
    Hash,
    /// The same and all digits of its hash.
    WholeHash,
}

/// Each name within `max` characters as Slack counts them. Equal names are shown alike, others never.
pub(super) fn distinct(names: &[&str], dialect: Dialect, max: usize) -> Vec<String> {
    let mut shown: Vec<String> = names.iter().map(|name| escape_within(name, 0, dialect, max)).collect();
    for way in [Way::Difference, Way::Hash, Way::WholeHash] {
        let looks: Vec<String> = shown.iter().map(|name| look(uncut(name))).collect();
        let mut is_done = true;
        for ((name, shown), mine) in names.iter().zip(&mut shown).zip(&looks) {
            let alike = names.iter().zip(&looks).filter(|(other, look)| *look == mine && *other != name);
            let alike: Vec<&str> = alike.map(|(other, _)| *other).collect();
            if !alike.is_empty() {
                is_done = false;
                *shown = write(name, &alike, way, dialect, max);
            }
        }
        if is_done {
            break;
        }
    }
    shown
}

/// The name before the mark of a cut: how much is missing tells no reader what.
fn uncut(shown: &str) -> &str {
    let is_mark = |mark: &str| mark.ends_with(" more characters)") || mark.ends_with(" more character)");
    shown.rsplit_once("… (").filter(|(_, mark)| is_mark(mark)).map_or(shown, |(kept, _)| kept)
}

fn write(name: &str, alike: &[&str], way: Way, dialect: Dialect, max: usize) -> String {
    let mark = match way {
        Way::Difference => String::new(),
        Way::Hash => format!(" ({:06x})", hash(name) & 0xff_ffff),
        Way::WholeHash => format!(" ({:016x})", hash(name)),
    };
    let room = max.saturating_sub(units(&mark));
    let name = spelled_out(name);
    let whole = escape(&name, dialect);
    if units(&whole) <= room {
        return whole + &mark;
    }
    let differs = alike.iter().map(|other| common(&name, &spelled_out(other))).min();
    // A third for the beginning, a third for what differs and what stands before it.
    let third = room / 3;
    let start = differs.unwrap_or_default().saturating_sub(third / 2);
    let beginning = fitting(&name, 0, dialect, third);
    if start <= beginning.1 {
        return fitting(&name, 0, dialect, room.saturating_sub(1)).0 + "…" + &mark;
    }
    let (end, taken) = fitting(&name, start, dialect, room.saturating_sub(third + 2));
    let rest = if start + taken < name.chars().count() { "…" } else { "" };
    format!("{}…{end}{rest}{mark}", beginning.0)
}

/// As many characters as have room, from this one on, and how many they are.
fn fitting(name: &str, start: usize, dialect: Dialect, room: usize) -> (String, usize) {
    let (mut out, mut taken, mut used) = (String::new(), 0, 0);
    for c in name.chars().skip(start) {
        let piece = escape(c.encode_utf8(&mut [0; 4]), dialect);
        used += units(&piece);
        if used > room {
            break;
        }
        out.push_str(&piece);
        taken += 1;
    }
    (out, taken)
}

/// With codes for what no one can see.
fn spelled_out(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if is_invisible(c) || is_treacherous(c) || (c.is_whitespace() && c != ' ') {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// How many characters two texts have in common from their beginnings.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

fn hash(name: &str) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_and_differs_is_shown_as_it_is() {
        assert_eq!(
            distinct(&["GET /a", "GET /b", "GET /a"], Dialect::RichText, 40),
            ["GET /a", "GET /b", "GET /a"]
        );
    }

    #[test]
    fn of_long_names_the_place_where_they_differ_is_shown() {
        let long = |tail: &str| format!("GET /{}/{tail}/{}", "x".repeat(200), "z".repeat(100));
        let names = [long("orders"), long("items")];
        let names = names.each_ref().map(String::as_str);
        let shown = distinct(&names, Dialect::RichText, 60);
        assert!(shown[0].contains("orders") && shown[1].contains("items"), "{shown:?}");
        assert!(shown.iter().all(|name| name.starts_with("GET /xxx") && units(name) <= 60), "{shown:?}");
    }

    #[test]
    fn what_no_one_can_see_is_spelled_out_where_it_matters() {
        let shown = distinct(&["GET /a", "GET /a\u{200b}", "GET /a\u{202e}"], Dialect::Mrkdwn, 60);
        assert_eq!(shown, ["GET /a", "GET /a\\u{200b}", "GET /a\\u{202e}"]);
        let names = ["/a", "/a\u{e0041}", "/a\u{2800}", "/a\u{3164}", "/a\u{34f}", "/a\u{e0100}"];
        let shown = distinct(&names, Dialect::RichText, 60);
        let codes = ["", "e0041", "2800", "3164", "34f", "e0100"];
        let expected =
            codes.map(|code| if code.is_empty() { "/a".to_owned() } else { format!("/a\\u{{{code}}}") });
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn names_that_differ_never_look_the_same(
            names in prop::collection::vec("(GET )?/(x{0,90}|[a\u{200b}\u{202e} \n\\\\u{}.:<&>0-9]{0,6}){0,3}", 1..8),
            max in 40_usize..130,
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            for dialect in [Dialect::RichText, Dialect::Mrkdwn] {
                let shown = distinct(&names, dialect, max);
                for (i, a) in names.iter().enumerate() {
                    prop_assert!(units(&shown[i]) <= max);
                    for (j, b) in names.iter().enumerate() {
                        prop_assert_eq!(a == b, look(&shown[i]) == look(&shown[j]), "{:?} {:?}", a, b);
                    }
                }
            }
        }
    }
}
