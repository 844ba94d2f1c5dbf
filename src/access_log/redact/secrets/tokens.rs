//! Secrets that are known by their own shape, and what stands behind the name of an authentication scheme.

use std::ops::Range;

use memchr::memmem;

/// How JSON Web Tokens begin: `{"` in base64url, and `{ "` and the like, which are rarer and need a second part.
pub(super) const TOKEN_BEGINS: [(&str, bool); 4] =
    [("eyJ", false), ("eyA", true), ("ewo", true), ("ewk", true)];
/// Fewer characters say nothing but that there was a token.
const LEAST_TOKEN_BYTES: usize = 10;

/// Keys of known providers: how they begin, and how many characters follow at least.
pub(super) const KEYS: [(&str, usize); 27] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("sk_live_", 8),
    ("sk_test_", 8),
    ("rk_live_", 8),
    ("rk_test_", 8),
    ("pk_live_", 8),
    ("pk_test_", 8),
    ("whsec_", 8),
    ("sk-", 20),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("xoxb-", 8),
    ("xoxp-", 8),
    ("xoxa-", 8),
    ("xoxr-", 8),
    ("xoxs-", 8),
    ("xapp-", 8),
    ("AIza", 30),
    ("SG.", 20),
    ("npm_", 30),
    ("hooks.slack.com/services/", 8),
];

/// Authentication schemes whose credentials are one word.
pub(super) const SCHEMES: [&str; 4] = ["bearer", "basic", "negotiate", "ntlm"];
/// What else stands behind the name of a scheme.
const NO_CREDENTIALS: [&str; 24] = [
    "token",
    "tokens",
    "auth",
    "authentication",
    "authorization",
    "authenticate",
    "scheme",
    "schemes",
    "header",
    "headers",
    "credential",
    "credentials",
    "realm",
    "error",
    "is",
    "was",
    "not",
    "and",
    "or",
    "in",
    "of",
    "for",
    "type",
    "access",
];

/// Each secret.
pub(super) fn find(text: &str, places: &mut Vec<Range<usize>>) {
    // Where the run of letters ends that was met last, and where the last point in it is: a stranger may repeat what
    // tokens begin with all through a long text, and each run is passed over once.
    let (mut token_end, mut last_point, mut key_end) = (0, None, 0);
    for (at, _) in text.match_indices(is_first_letter) {
        let rest = text.get(at..).unwrap_or_default();
        let token = TOKEN_BEGINS.iter().find(|(begin, _)| rest.starts_with(begin));
        if let Some((_, needs_second_part)) = token {
            if token_end <= at {
                token_end = at + token_length(rest);
                let run = text.get(at..token_end).unwrap_or_default();
                last_point = [".", "%2E", "%2e"].iter().filter_map(|point| run.rfind(point)).max();
                last_point = last_point.map(|point| at + point);
            }
            let has_parts = last_point.is_some_and(|point| point > at);
            if token_end - at >= LEAST_TOKEN_BYTES && (has_parts || !needs_second_part) {
                places.push(at..token_end);
            }
        }
        for (begin, least) in KEYS {
            let Some(rest) = rest.strip_prefix(begin) else { continue };
            let start = at + begin.len();
            if key_end < start {
                let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
                key_end = start + rest.find(|c| !is_key(c)).unwrap_or(rest.len());
            }
            if key_end - start >= least && begins_word(text, at) {
                places.push(at..key_end);
            }
        }
    }
    credentials(text, places);
    user_info(text, places);
}

/// How tokens and keys of providers begin.
fn is_first_letter(letter: char) -> bool {
    matches!(letter, 'e' | 'A' | 's' | 'r' | 'p' | 'w' | 'g' | 'x' | 'S' | 'n' | 'h')
}

/// Letters of base64url, points between its parts, percent-encoded or not, and padding.
fn token_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = text.get(length..).unwrap_or_default();
        let is_letter =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '~' | '+' | '/');
        let run = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        length += run;
        let behind = rest.get(run..).unwrap_or_default();
        let escaped = ["%2E", "%2e", "%3D", "%3d", "%2D", "%2d", "%5F", "%5f", "%2B", "%2b", "%2F", "%2f"];
        if !escaped.iter().any(|escaped| behind.starts_with(escaped)) {
            return length;
        }
        length += 3;
    }
}

/// Whether a word begins here: an escape before it, as in `%20Bearer` and `\nBearer`, is none of it.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let tail = |bytes: usize| before.get(before.len().saturating_sub(bytes)..).unwrap_or_default();
    !is_part || tail(3).starts_with('%') || tail(2).starts_with('\\') || tail(6).starts_with("\\u")
}

/// `Bearer …` and its like, whatever separates them.
fn credentials(text: &str, places: &mut Vec<Range<usize>>) {
    // The end of the run that was met last; see `find`.
    let mut end = 0;
    for (at, _) in text.match_indices(['b', 'B', 'n', 'N']) {
        for scheme in SCHEMES {
            let is_here = |word: &str| word.eq_ignore_ascii_case(scheme);
            if !text.get(at..at + scheme.len()).is_some_and(is_here) {
                continue;
            }
            let start = at + scheme.len();
            let rest = text.get(start..).unwrap_or_default();
            let blanks = rest.len() - trim_separators(rest).len();
            if blanks == 0 || !begins_word(text, at) {
                continue;
            }
            let start = start + blanks;
            let rest = text.get(start..).unwrap_or_default();
            if end <= start {
                end = start + rest.find(ends_credentials).unwrap_or(rest.len());
            }
            let word = text.get(start..end).unwrap_or_default();
            let is_none = scheme != "bearer" && is_prose(word);
            if word.contains(|c: char| c.is_ascii_alphanumeric()) && !is_none && !begins_without(word) {
                places.push(start..end);
            }
        }
    }
}

/// `Basic authentication`, `Basic Support`: a word of a language, as far as its letters tell.
fn is_prose(word: &str) -> bool {
    word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the first word is one that stands behind a scheme where no credentials follow.
fn begins_without(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let first = word.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_behind = |sign: char| matches!(sign, '=' | ':');
    let rest = word.get(first.len()..).unwrap_or_default();
    let is_all = rest.starts_with(is_behind) || !rest.contains(|c: char| c.is_ascii_alphanumeric());
    is_all && NO_CREDENTIALS.iter().any(|none| first.eq_ignore_ascii_case(none))
}

fn trim_separators(text: &str) -> &str {
    let mut rest = text;
    loop {
        let trimmed =
            rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '+' | ':' | '=' | '"' | '\''));
        let escaped = ["%20", "%2520", "%09", "%22", "%3A", "%3D", "\\u0020", "\\t", "\\\""];
        let trimmed = escaped.iter().find_map(|escaped| trimmed.strip_prefix(escaped)).unwrap_or(trimmed);
        if trimmed.len() == rest.len() {
            return rest;
        }
        rest = trimmed;
    }
}

fn ends_credentials(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | '&' | '}' | ']' | ')')
}

/// The password of `https://user:password@host`.
fn user_info(text: &str, places: &mut Vec<Range<usize>>) {
    // The end of the run that was met last, and the last at sign in it; see `find`.
    let (mut end, mut last_at) = (0, None);
    for at in memmem::find_iter(text.as_bytes(), "://") {
        let start = at + 3;
        if end <= start {
            let rest = text.get(start..).unwrap_or_default();
            end = start + rest.find(ends_authority).unwrap_or(rest.len());
            let run = text.get(start..end).unwrap_or_default();
            last_at = run.rfind('@').map(|at| start + at);
        }
        let user_end = match last_at.filter(|&at| at >= start) {
            Some(at) => at,
            // A text that was cut before the host: what is no port is a password.
            None if end == text.len() => end,
            None => continue,
        };
        let user_info = text.get(start..user_end).unwrap_or_default();
        let user = user_info.find([':', '/']).and_then(|sign| user_info.split_at_checked(sign));
        let Some(password) = user.and_then(|(_, behind)| behind.strip_prefix(':')) else { continue };
        // A port is none; a slash may be, though it should be encoded.
        let behind_digits = password.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_port = behind_digits.starts_with('/') || behind_digits.is_empty() && user_end == end;
        if !password.is_empty() && !is_port {
            places.push(user_end - password.len()..user_end);
        }
    }
}

fn ends_authority(c: char) -> bool {
    c.is_whitespace() || matches!(c, '?' | '#' | '"' | '\'' | '<' | '>' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_and_key_begins_with_one_of_the_letters() {
        let begins = TOKEN_BEGINS.map(|(begin, _)| begin).into_iter().chain(KEYS.map(|(begin, _)| begin));
        for begin in begins {
            assert!(begin.starts_with(is_first_letter), "{begin}");
        }
    }
}
