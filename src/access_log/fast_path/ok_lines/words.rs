//! A line that was read in; its fixed text and the kinds of its words out.
//!
//! A word whose kind is not known is fixed text.

use super::kind::{Kind, path_length};
use super::pattern::Pattern;
use crate::access_log::fields::{self, Name, Path, TOP_LEVEL};
use crate::access_log::text_formats::{FormatLine, PartName, Preset, STATUS, shapes, takes_any_text};

/// Lines with more words are read the plain way.
const MAX_WORDS: usize = 96;

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
        if is_iso && word.len() <= Pattern::MAX {
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
    let length = path_length(text.as_bytes());
    if is_path {
        return length;
    }
    let ends = |byte: &u8| matches!(byte, b'=' | b'(' | b')' | b';');
    text.as_bytes().iter().take(length).position(ends).unwrap_or(length)
}
