//! A line that was read in; its fixed text and the kinds of its words out.
//!
//! The kinds are as fine as the questions that the formats' readers ask: to each of them all words of a kind have the
//! same answer. A word of which that is not known is fixed text.

use std::net::Ipv6Addr;

use crate::access_log::fields::{self, Name, Path, TOP_LEVEL};
use crate::access_log::text_formats::{FormatLine, PartName, Preset, STATUS, shapes, takes_any_text};
use crate::words::MONTHS;

/// Lines with more words are read the plain way.
const MAX_WORDS: usize = 96;
/// The longest id, as `shapes::is_id` has it.
const MAX_ID: usize = 128;
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"];

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

impl Kind {
    /// The length of the word at the beginning of `text`, if it is of this kind.
    #[inline]
    pub(super) fn length(&self, text: &[u8]) -> Option<usize> {
        let length = match self {
            Self::Status => match text {
                [b'1'..=b'3', b'0'..=b'9', b'0'..=b'9', ..] => 3,
                _ => return None,
            },
            Self::Code => match text {
                [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', ..] => 3,
                _ => return None,
            },
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
            Self::Date => {
                let date = text.get(..DATE.len())?;
                if !has_shape(date, DATE)
                    || !MONTHS.iter().any(|month| date.get(3..6) == Some(month.as_bytes()))
                {
                    return None;
                }
                DATE.len()
            }
            Self::Shape(shape) => {
                has_shape(text.get(..shape.len())?, shape.as_bytes()).then_some(shape.len())?
            }
            Self::Method => {
                let length = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
                let method = text.get(..length)?;
                METHODS.iter().any(|known| known.as_bytes() == method).then_some(length)?
            }
            Self::Path => text.starts_with(b"/").then(|| run(text, PATH))?,
            Self::Url => {
                (text.starts_with(b"https://") || text.starts_with(b"http://")).then(|| run(text, PATH))?
            }
            Self::Id | Self::Principal => {
                let length = run(text, ID);
                let is_dash = length == 1 && text.first() == Some(&b'-');
                if length > MAX_ID || is_dash && *self == Self::Id || text.starts_with(b"HTTP/") {
                    return None;
                }
                length
            }
            Self::Quoted => {
                let length = run(text, QUOTED);
                return (text.first() != Some(&b' ')).then_some(length);
            }
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
        if byte.is_ascii_graphic() {
            bytes[at] |= FIELD;
        }
        at += 1;
    }
    bytes
};

fn run(text: &[u8], of: u8) -> usize {
    let is_of = |byte: &u8| BYTES.get(usize::from(*byte)).is_some_and(|kinds| kinds & of != 0);
    text.iter().position(|byte| !is_of(byte)).unwrap_or(text.len())
}

const DATE: &[u8] = b"00/Mmm/0000:00:00:00";

/// Whether a text has digits where the shape has some, and else what the shape has; `M` and `m` are any letter.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0'..=b'9' => byte.is_ascii_digit(),
        b'M' | b'm' => true,
        _ => byte == shape,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
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
    if let Some(length) = ipv4(text) {
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

/// The words of a line with the fixed text before each, and the fixed text behind the last.
pub(super) type Split = (Vec<(String, Kind)>, String);

/// Takes a line apart that this preset has read; `None` where it has to be read plainly.
pub(super) fn split(line: &str, preset: Preset, read: &FormatLine<'_>) -> Option<Split> {
    let status = status_place(line, preset, read)?;
    if !is_usual(line, preset, read) {
        return None;
    }
    let mut splitting =
        Splitting { line, quoted_to: 0, preset, status, at: 0, fixed: String::new(), words: Vec::new() };
    match preset {
        Preset::CloudFront => splitting.fields(read)?,
        _ => splitting.words()?,
    }
    let Splitting { fixed, words, .. } = splitting;
    let statuses = words.iter().filter(|(_, kind)| *kind == Kind::Status).count();
    (statuses == 1 && words.len() <= MAX_WORDS).then_some((words, fixed))
}

/// Where the status stands, of which there must be one alone.
fn status_place(line: &str, preset: Preset, read: &FormatLine<'_>) -> Option<usize> {
    let is_status = |name: PartName<'_>| match name {
        PartName::Known(names) => names == STATUS,
        PartName::InLine(key) => {
            let meaning = fields::meaning(&Path::default().down(key));
            meaning.is_some_and(|(name, _)| name == Name::Status) && preset != Preset::LoadBalancer
        }
        PartName::Unknown => false,
    };
    let mut statuses = read.parts.iter().filter(|part| is_status(part.name));
    let status = statuses.next()?;
    let place = status.range_in(line)?.start;
    let needs_nothing = match status.name {
        PartName::InLine(key) if preset != Preset::CloudFront => {
            fields::meaning(&Path::default().down(key)) == Some((Name::Status, TOP_LEVEL))
        }
        _ => true,
    };
    (statuses.next().is_none() && needs_nothing && shapes::status(status.text).is_some()).then_some(place)
}

/// Whether nothing in the line could make another reader, or another place, of a line that is like it.
fn is_usual(line: &str, preset: Preset, read: &FormatLine<'_>) -> bool {
    let protocols = || line.split([',', ' ', '"']).filter(|word| shapes::is_protocol(word)).count();
    let no_bracket = !line.contains('[');
    match preset {
        Preset::Clf => line.matches(" [").count() == 1,
        Preset::Csv => no_bracket && !line.contains('"') && protocols() == 1,
        Preset::LoadBalancer => no_bracket && !line.contains('\t'),
        Preset::CloudFront => !line.contains([' ', '"', '[']),
        Preset::KeyValue => {
            let names: Vec<_> = read.parts.iter().map(|part| part.name).collect();
            let is_twice = |(at, name)| names.iter().take(at).any(|before| before == name);
            no_bracket && !line.contains('\t') && !names.iter().enumerate().any(is_twice)
        }
        Preset::Xml => no_bracket,
    }
}

struct Splitting<'l> {
    line: &'l str,
    /// Up to where the quoted text at hand goes, its closing quote included.
    quoted_to: usize,
    preset: Preset,
    /// Where the status stands.
    status: usize,
    at: usize,
    fixed: String,
    words: Vec<(String, Kind)>,
}

impl<'l> Splitting<'l> {
    fn rest(&self) -> &'l str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn take_fixed(&mut self, length: usize) -> Option<()> {
        self.fixed.push_str(self.line.get(self.at..self.at + length)?);
        self.at += length;
        Some(())
    }

    fn take_word(&mut self, kind: Kind, length: usize) {
        self.words.push((std::mem::take(&mut self.fixed), kind));
        self.at += length;
    }

    /// Between tabs, each field by itself.
    fn fields(&mut self, read: &FormatLine<'_>) -> Option<()> {
        for (number, text) in self.line.split('\t').enumerate() {
            self.take_fixed(usize::from(number > 0))?;
            let name = read.parts.get(number)?.name;
            let is_free = match name {
                PartName::InLine(name) => takes_any_text(name),
                PartName::Known(_) | PartName::Unknown => true,
            };
            let kind = match self.kind_of(text) {
                _ if is_free && !text.is_empty() => Some(Kind::Field),
                kind => kind,
            };
            match kind {
                Some(kind) => self.take_word(kind, text.len()),
                None => self.take_fixed(text.len())?,
            }
        }
        Some(())
    }

    fn words(&mut self) -> Option<()> {
        while let Some(first) = self.rest().chars().next() {
            if first == '"' && self.at >= self.quoted_to && self.quoted()? {
                continue;
            }
            let length = word_length(self.rest());
            let Some(word) = self.rest().get(..length).filter(|word| !word.is_empty()) else {
                self.take_fixed(first.len_utf8())?;
                continue;
            };
            let kind = if self.is_name(word) { None } else { self.kind_of(word) };
            match kind {
                Some(kind) if kind.length(word.as_bytes()) == Some(length) => self.take_word(kind, length),
                _ => self.take_fixed(length)?,
            }
        }
        Some(())
    }

    /// Takes a quoted text as one word where that may be any; says whether it did.
    fn quoted(&mut self) -> Option<bool> {
        let inner = self.rest().get(1..)?;
        let text = inner.split('"').next()?;
        if text.len() == inner.len() {
            // It is never closed.
            return None;
        }
        let is_free = match self.preset {
            // The request is the first, and the status stands behind it.
            Preset::Clf => self.at > self.status,
            Preset::LoadBalancer => self.at > self.status && self.line.get(..self.at)?.contains('"'),
            Preset::KeyValue => {
                let key = self.line.get(..self.at)?.rsplit([' ', ',']).find(|word| !word.is_empty());
                let key = key.unwrap_or_default().trim_end_matches(['=', ':']);
                matches!(fields::meaning(&Path::default().down(key)), Some((Name::UserAgent, _)))
                    || key.eq_ignore_ascii_case("referer")
            }
            Preset::Csv | Preset::CloudFront | Preset::Xml => false,
        };
        if !is_free {
            self.quoted_to = self.at + text.len() + 2;
            return Some(false);
        }
        if text.starts_with(' ') {
            return None;
        }
        let behind = inner.get(text.len() + 1..)?;
        // In CLF a number behind a quote could be taken for the status of what stands before it.
        if self.preset == Preset::Clf && behind.starts_with(' ') {
            let next = behind.get(1..)?;
            let word = next.split(' ').next().unwrap_or_default();
            if !next.starts_with('"') && !word.contains('.') {
                return None;
            }
        }
        self.take_fixed(1)?;
        self.take_word(Kind::Quoted, text.len());
        self.take_fixed(1)?;
        Some(true)
    }

    /// Whether a word is the name of what follows.
    fn is_name(&self, word: &str) -> bool {
        let before = self.line.get(..self.at).unwrap_or_default();
        let behind = self.line.get(self.at + word.len()..).unwrap_or_default();
        match self.preset {
            Preset::Xml => before.ends_with('<') || behind.starts_with("=\""),
            Preset::KeyValue => word.ends_with(':') || behind.starts_with('=') && !before.ends_with('='),
            // What the line begins with tells a load balancer's kind.
            Preset::LoadBalancer => self.at == 0 && !word.starts_with(|first: char| first.is_ascii_digit()),
            Preset::Clf | Preset::Csv | Preset::CloudFront => false,
        }
    }

    /// `None` for a word that every line of the format has.
    fn kind_of(&self, word: &str) -> Option<Kind> {
        let bytes = word.as_bytes();
        let is = |kind: Kind| (kind.length(bytes) == Some(word.len())).then_some(kind);
        if self.at == self.status {
            return is(Kind::Status);
        }
        if word == "-" {
            return self.is_principal().then_some(Kind::Principal);
        }
        if self.is_principal()
            && let Some(kind) = is(Kind::Principal)
        {
            return Some(kind);
        }
        let is_iso = shapes::is_iso_time(word) || shapes::is_iso_date(word) || shapes::is_clock_time(word);
        if is_iso {
            return Some(Kind::Shape(word.to_owned()));
        }
        let is_load_balancers = self.preset == Preset::LoadBalancer;
        // The target's status stands behind the load balancer's own.
        if is_load_balancers && self.at == self.status + 4 {
            return is(Kind::Code);
        }
        let kinds =
            [Kind::Number, Kind::Decimal, Kind::Address, Kind::Date, Kind::Method, Kind::Url, Kind::Path];
        if let Some(kind) = kinds.into_iter().find_map(is) {
            return Some(kind);
        }
        if is_load_balancers && !self.line.get(..self.at)?.contains('"') {
            // Before the request every field has its own shape, but for the name of a load balancer.
            return is(Kind::Endpoint).or_else(|| is(Kind::Id).filter(|_| word.contains('/')));
        }
        // A method of which we know nothing, a word that is a protocol to some, the zone of a time: as they are.
        if shapes::is_method(word) || matches!(word, "http" | "https") || word.starts_with(['+', '-']) {
            return None;
        }
        is(Kind::Id)
    }

    /// Whether a user's name may stand here, which most lines have not.
    fn is_principal(&self) -> bool {
        let before = self.line.get(..self.at).unwrap_or_default();
        match self.preset {
            Preset::Clf | Preset::Csv => {
                self.at < self.status && !before.contains(['[', '/']) && !before.is_empty()
            }
            Preset::Xml => before.ends_with("<caller>") || before.ends_with("<user>"),
            Preset::KeyValue => {
                let key = before.trim_end_matches([' ', ':', '=']);
                let key = key.rsplit([' ', ',']).next().unwrap_or_default();
                before.ends_with([' ', '=']) && matches!(key, "caller" | "user")
            }
            Preset::LoadBalancer | Preset::CloudFront => false,
        }
    }
}

/// The length of a word: a path may have signs that others have not.
fn word_length(text: &str) -> usize {
    let is_path = text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://");
    let length = run(text.as_bytes(), PATH);
    if is_path {
        return length;
    }
    let ends = |byte: &u8| matches!(byte, b'=' | b'(' | b')' | b';');
    text.as_bytes().iter().take(length).position(ends).unwrap_or(length)
}
