//! Whether a string would stay dead text in Slack.
//!
//! mrkdwn knows no escape for its formatting characters, so that a zero-width space (U+200B) after one is
//! what keeps it from pairing up. Live is judged strictly: what might be parsed counts as parsed.

use super::Violations;

const ZERO_WIDTH_SPACE: char = '\u{200b}';
/// Stands for one of our own `<...>` in the text around it.
const TOKEN: char = '\u{fffc}';

/// Judges a string that Slack parses as mrkdwn: top-level text, fallback, mrkdwn text objects.
pub(super) fn check_mrkdwn(pointer: &str, text: &str) -> Violations {
    let mut violations = check_characters(pointer, text, &['\n']);
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        plain += &rest[..at];
        let special = &rest[at..];
        rest = if let Some((token, after)) = special.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            violations.extend(check_token(pointer, token));
            plain.push(TOKEN);
            after
        } else if let Some((decoded, after)) = decode_entity(special) {
            plain.push(decoded);
            after
        } else {
            violations.push(format!("{pointer}: `{}` is not escaped", &special[..1]));
            &special[1..]
        };
    }
    plain += rest;
    violations.extend(check_plain(pointer, &plain));
    violations
}

/// Judges the characters alone: no control, no bidirectional and no line-separating ones but those allowed.
pub(super) fn check_characters(pointer: &str, text: &str, allowed: &[char]) -> Violations {
    let forbidden = |character: &char| {
        let invisible = matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (character.is_control() || invisible) && !allowed.contains(character)
    };
    let found = text.chars().find(forbidden);
    found.map(|found| format!("{pointer}: character U+{:04X}", found as u32)).into_iter().collect()
}

/// Judges where a link leads: `https`, the AWS console, and nothing in the authority beside the host.
pub(super) fn check_url(pointer: &str, url: &str) -> Violations {
    let to_console = reqwest::Url::parse(url).is_ok_and(|parsed| {
        let host = parsed.host_str().unwrap_or_default();
        // The text itself must begin with that host: parsers differ over odd authorities.
        url.starts_with(&format!("https://{host}/")) && is_console(host)
    });
    let clean = !url.contains(|character: char| "<>|\"\\`".contains(character) || character.is_whitespace());
    if to_console && clean { vec![] } else { vec![format!("{pointer}: a link to {url:?}")] }
}

/// Whether `:name:` would become an emoji. A clock time is none, unless somebody named an emoji `28`.
pub(super) fn check_emoji(pointer: &str, text: &str) -> Violations {
    let characters: Vec<char> = text.chars().collect();
    let is_name = |character: &char| character.is_alphanumeric() || "_-+'".contains(*character);
    for (start, _) in characters.iter().enumerate().filter(|(_, character)| **character == ':') {
        let length = characters[start + 1..].iter().take_while(|character| is_name(character)).count();
        let end = start + 1 + length;
        if length > 0 && characters.get(end) == Some(&':') && !is_clock_time(&characters, start) {
            let name: String = characters[start..=end].iter().collect();
            return vec![format!("{pointer}: emoji {name}")];
        }
    }
    vec![]
}

/// `hh:mm:ss`, with the first colon at `colon`.
fn is_clock_time(characters: &[char], colon: usize) -> bool {
    let Some(start) = colon.checked_sub(2) else { return false };
    let Some(time) = characters.get(start..start + 8) else { return false };
    let shape = |(index, character): (usize, &char)| match index {
        2 | 5 => *character == ':',
        _ => character.is_ascii_digit(),
    };
    time.iter().enumerate().all(shape)
}

fn is_console(host: &str) -> bool {
    const CONSOLES: [&str; 3] =
        ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"];
    let is_region = |region: &str| !region.is_empty() && !region.contains('.');
    CONSOLES.iter().any(|console| {
        let before = host.strip_suffix(console);
        before.is_some_and(|before| before.is_empty() || before.strip_suffix('.').is_some_and(is_region))
    })
}

/// A `<...>`: one of Slack's date tokens, or a link to the console with a dead label.
fn check_token(pointer: &str, token: &str) -> Violations {
    let (target, label) =
        token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
    let mut violations = match target.strip_prefix("!date^") {
        Some(date) => check_date(pointer, date, label),
        None if target.starts_with(['!', '@', '#']) => vec![format!("{pointer}: mention <{token}>")],
        None => check_url(pointer, &target.replace("&amp;", "&")),
    };
    if let Some(label) = label {
        violations.extend(check_mrkdwn(pointer, label));
    }
    violations
}

/// `seconds^format` or `seconds^format^link`, with a label for clients that cannot show it.
fn check_date(pointer: &str, date: &str, label: Option<&str>) -> Violations {
    let parts: Vec<&str> = date.split('^').collect();
    let is_seconds = |text: &str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit());
    match parts[..] {
        [seconds, format] if is_seconds(seconds) && format.contains('{') && label.is_some() => vec![],
        [seconds, format, link] if is_seconds(seconds) && format.contains('{') && label.is_some() => {
            check_url(pointer, link)
        }
        _ => vec![format!("{pointer}: malformed date token <!date^{date}>")],
    }
}

fn decode_entity(text: &str) -> Option<(char, &str)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
        .into_iter()
        .find_map(|(entity, decoded)| text.strip_prefix(entity).map(|rest| (decoded, rest)))
}

/// The text around the tokens, entities decoded.
fn check_plain(pointer: &str, text: &str) -> Violations {
    let mut violations = check_emoji(pointer, text);
    let characters: Vec<char> = text.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index)).copied().unwrap_or(' ');
        let after = &characters[index + 1..];
        let letters_after = after.iter().take_while(|character| character.is_alphabetic()).count();
        let live = match character {
            '@' | '#' => after.first().is_some_and(|next| next.is_alphanumeric() || *next == '_'),
            '.' => before.is_alphanumeric() && letters_after >= 2,
            ':' => before.is_alphanumeric() && after.starts_with(&['/', '/']),
            _ => false,
        };
        if live {
            let around: String = characters[index.saturating_sub(8)..].iter().take(24).collect();
            violations.push(format!("{pointer}: a live mention, channel or link in {around:?}"));
        }
    }
    for mark in ['*', '_', '~'] {
        let paired = text.lines().filter(|line| is_paired(line, mark));
        violations.extend(paired.map(|line| format!("{pointer}: {mark:?} pairs up in {line:?}")));
    }
    violations.extend(check_backticks(pointer, text));
    violations
}

/// Code spans over lines, unlike the other marks. A line of nothing but a fence is our own: a stranger's text
/// has no line breaks.
fn check_backticks(pointer: &str, text: &str) -> Violations {
    let (fences, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| *line == "```");
    let mut violations = Violations::new();
    if fences.len() % 2 == 1 {
        violations.push(format!("{pointer}: a code fence is left open"));
    }
    if is_paired(&others.join("\n"), '`') {
        violations.push(format!("{pointer}: '`' pairs up in {text:?}"));
    }
    violations
}

/// Whether a mark that nothing disarms is followed by another, armed or not.
fn is_paired(text: &str, mark: char) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(mark) {
        if !after.starts_with(ZERO_WIDTH_SPACE) && after.contains(mark) {
            return true;
        }
        rest = after;
    }
    false
}
