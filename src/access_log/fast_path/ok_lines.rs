//! For formats that are not JSON: learns from one line where its words stand and of what kind each is, and tells of the next
//! line whether its status is below 400.
//!
//! It says nothing else of a line. It is exact: a line that it knows has the separators of one that the format's own
//! reader has read, and words of the same kinds between them, so that this reads the status from the same place. What is
//! unusual in any way it leaves to the reader.

mod kind;
mod pattern;
mod words;

use std::sync::Arc;

use crate::access_log::{Columns, Format, StatusClass, is_header, read_preset};
use kind::{Kind, MONTH_AT, Range};
use pattern::Pattern;
use words::{Split, split};

/// Formats that are known at a time.
const MAX_FORMATS: usize = 4;
/// Lines that are learned from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// Knows lines by the formats that it has learned.
#[derive(Debug, Default)]
pub(crate) struct OkLines {
    formats: Vec<Arc<WordFormat>>,
    /// Which one knew a line last.
    last: usize,
    lessons: u32,
    /// What the lines stand under that it has learned from.
    columns: Columns,
}

/// The words of a line, as it stands in a batch and as it was logged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WordFormat {
    escaped: Words,
    plain: Words,
}

/// The kinds of a line's words, and what stands between them.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    /// A word where there is one, and what stands behind it.
    parts: Vec<(Option<Kind>, Pattern)>,
}

impl OkLines {
    /// Whether a line, as it was logged, is known to have a status below 400. `columns` are what it stands under.
    pub(crate) fn knows(&mut self, line: &[u8], columns: &Columns) -> bool {
        let line = line.trim_ascii_end();
        self.columns == *columns
            && self.find(|known| known.plain.behind(line).filter(|rest| rest.is_empty())).is_some()
    }

    /// The length of the line at the beginning of `text`, if it is known to have a status below 400: a line as it stands
    /// in a batch, under no header. `text` goes on with the quote that ends the line.
    pub(crate) fn recognise_escaped(&mut self, text: &[u8]) -> Option<usize> {
        self.recognise(text, |known| &known.escaped, |rest| rest.first() == Some(&b'"'))
    }

    /// The length of the line at the beginning of `text`, if it is known to have a status below 400: a line as it was
    /// logged, under no header. `text` goes on with the line break that ends it.
    pub(crate) fn recognise_plain(&mut self, text: &[u8]) -> Option<usize> {
        self.recognise(text, |known| &known.plain, |rest| matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]))
    }

    /// The length of the line at the beginning of `text`, under no header; `ends` says whether a line ends before what
    /// stands behind its words.
    fn recognise(
        &mut self,
        text: &[u8],
        words: impl Fn(&WordFormat) -> &Words,
        ends: impl Fn(&[u8]) -> bool,
    ) -> Option<usize> {
        if self.columns != Columns::Default || text.first() == Some(&b'#') {
            return None;
        }
        let rest = self.find(|known| words(known).behind(text).filter(|rest| ends(rest)))?;
        Some(text.len() - rest.len())
    }

    /// What `search` finds by one of the formats: by that of the last line, else by the first one that knows it.
    fn find<'l>(&mut self, search: impl Fn(&WordFormat) -> Option<&'l [u8]>) -> Option<&'l [u8]> {
        if let Some(found) = search(self.formats.get(self.last)?) {
            return Some(found);
        }
        let mut found = self.formats.iter().enumerate().filter(|(index, _)| *index != self.last);
        let (index, found) = found.find_map(|(index, known)| Some((index, search(known)?)))?;
        self.last = index;
        Some(found)
    }

    /// Whether no format is known.
    pub(super) fn is_empty(&self) -> bool {
        self.formats.is_empty()
    }

    /// The formats that it has learned from lines under no header.
    pub(super) fn learned(&self) -> &[Arc<WordFormat>] {
        if self.columns == Columns::Default { &self.formats } else { &[] }
    }

    /// Takes over what was learned of lines under no header.
    pub(super) fn begin_with(&mut self, learned: &[Arc<WordFormat>]) {
        self.formats = learned.to_vec();
    }

    /// Learns the format of a line that was not known, if that is a format other than JSON and the line's status is
    /// below 400; says whether there was something to learn.
    pub(crate) fn learn(&mut self, line: &str, format: Format, columns: &Columns) -> bool {
        let line = line.trim_end();
        if self.lessons == MAX_LESSONS || line.trim_start().starts_with(['{', '#']) || is_header(line, format)
        {
            return false;
        }
        self.lessons += 1;
        let new = read_preset(line, format, columns)
            .filter(|(_, read)| read.log.status.class() == StatusClass::Ok)
            .and_then(|(preset, read)| split(line, preset, &read))
            .map(|split| WordFormat::new(&split));
        // What it gets wrong about the very line that it comes from, it would get wrong about others.
        let Some(new) = new.filter(|new| new.plain.behind(line.as_bytes()) == Some(b"")) else {
            return false;
        };
        if self.columns != *columns {
            self.formats.clear();
            self.columns.clone_from(columns);
        }
        if self.formats.len() == MAX_FORMATS {
            self.formats.remove(0);
        }
        self.formats.push(Arc::new(new));
        self.last = self.formats.len() - 1;
        true
    }
}

impl WordFormat {
    fn new(split: &Split) -> Self {
        Self { escaped: Words::new(split, in_batch), plain: Words::new(split, str::to_owned) }
    }
}

/// A text as it stands in a batch.
fn in_batch(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\t' => escaped.push_str("\\t"),
            other => escaped.push(other),
        }
    }
    escaped
}

impl Words {
    /// `spell` says how fixed text stands in a line.
    fn new((words, end): &Split, spell: fn(&str) -> String) -> Self {
        let mut new = Building::default();
        for (before, kind) in words {
            new.fixed(&spell(before));
            match kind.ranges() {
                Some(ranges) => new.ranges(&ranges, (*kind == Kind::Date).then_some(MONTH_AT)),
                None => new.close(Some(kind.clone())),
            }
        }
        new.fixed(&spell(end));
        new.close(None);
        Self { parts: new.parts }
    }

    /// What stands behind the words of a line, all of which are of their kinds.
    fn behind<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let mut rest = line;
        for (kind, behind) in &self.parts {
            if let Some(kind) = kind {
                rest = rest.get(kind.length(rest)?..)?;
            }
            rest = behind.strip(rest)?;
        }
        Some(rest)
    }
}

/// Words on their way to be made; words that are all equally long become a part of what stands around them.
#[derive(Default)]
struct Building {
    parts: Vec<(Option<Kind>, Pattern)>,
    kind: Option<Kind>,
    behind: Vec<Range>,
    month: Option<usize>,
}

impl Building {
    fn fixed(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.behind.len() == Pattern::MAX {
                self.close(None);
            }
            self.behind.push([byte; 2]);
        }
    }

    fn ranges(&mut self, ranges: &[Range], month: Option<usize>) {
        if self.behind.len() + ranges.len() > Pattern::MAX || self.month.is_some() {
            self.close(None);
        }
        self.month = month.map(|at| self.behind.len() + at);
        self.behind.extend(ranges);
    }

    /// Ends the part at hand; the next begins with a word of this kind.
    fn close(&mut self, next: Option<Kind>) {
        let kind = std::mem::replace(&mut self.kind, next);
        let behind = Pattern::new(std::mem::take(&mut self.behind), self.month.take());
        if kind.is_some() || behind != Pattern::default() {
            self.parts.push((kind, behind));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;
    use crate::access_log::{Reading, read};

    /// A line of each preset, with the names of AWS's documentation.
    const LINES: [&str; 12] = [
        r#"203.0.113.7 - - [03/Nov/2026:08:00:00 +0000] "GET /v1/items/{id} HTTP/1.1" 200 912 6a1f0c1e-0001 KXyzAAMPvHcESHA="#,
        r#"JKJ= 203.0.113.7 - - [03/Nov/2026:08:00:00 +0000]"GET GET /items HTTP/1.1" 200 36 c6af-11"#,
        r#"203.0.113.9 - - [03/Nov/2026:08:00:00 +0000] "MESSAGE sendOrder LxAAAAPvHcESHA=" 200 KXyzAIMPvHcESHI="#,
        r#"203.0.113.10 - - [03/Nov/2026:08:00:00 +0000] "GET /v1/items/41?page=2 HTTP/1.1" 200 912 "https://www.example.com/" "Mozilla/5.0 (X11; Linux x86_64)" 0.012"#,
        "203.0.113.7,-,-,03/Nov/2026:08:00:00 +0000,GET,/v1/items,HTTP/1.1,200,912,KXyzAEMPvHcESHE=",
        "203.0.113.7,03/Nov/2026:08:00:00 +0000,GET,GET /v1/items,HTTP/1.1,200,912,KXyzAEMPvHcESHE=,KXyzAEMPvHcESHE=",
        "requestId: 6a1f0c1e-000b, ip: 203.0.113.7, caller: -, user: -, requestTime: 03/Nov/2026:08:00:00 +0000, httpMethod: GET, resourcePath: /v1/items/{id}, status: 200, protocol: HTTP/1.1, responseLength: 912",
        r#"requestId=6a1f0c1e-000d ip=203.0.113.7 httpMethod=GET resourcePath=/v1/items/{id} status=200 userAgent="Mozilla/5.0 (X11; Linux x86_64)""#,
        r#"<request id="KXyzAGMPvHcESHG="> <ip>203.0.113.7</ip> <caller>-</caller> <requestTime>03/Nov/2026:08:00:00 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/v1/items</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>912</responseLength> </request>"#,
        r#"https 2026-11-03T08:00:00.186641Z app/orders/50dc6c495c0c9188 203.0.113.11:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET https://www.example.com:443/v1/items/41 HTTP/2.0" "curl/8.5.0" ECDHE-RSA TLSv1.2 arn:aws:x "Root=1-58337262" "www.example.com" "session-reused""#,
        "2026-11-03T08:00:00.945958Z orders 203.0.113.11:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 \"GET http://www.example.com:80/v1/items/41 HTTP/1.1\" \"curl/8.5.0\" - -",
        "2026-11-03\t08:00:00\tNRT57-P1\t392\t203.0.113.12\tGET\td111111abcdef8.cloudfront.net\t/v1/items/41\t200\t-\tMozilla/5.0%20(X11;%20Linux)\t-\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHmsAA==\twww.example.com\thttps\t23",
    ];

    /// A line as it stands in a batch, up to the quote that ends it and what follows.
    fn escaped(line: &str) -> (String, usize) {
        let escaped = serde_json::Value::from(line).to_string();
        (format!("{}}},{{\"id\":\"200\"}}", &escaped[1..]), escaped.len() - 2)
    }

    /// Whether a line is known as it was logged, and as it stands in a batch, of which only its beginning may be there.
    fn known(lines: &mut OkLines, line: &str) -> [bool; 2] {
        let (text, length) = escaped(line);
        for end in [text.len(), length + 1] {
            let recognised = lines.recognise_escaped(&text.as_bytes()[..end]);
            assert!(recognised.is_none_or(|recognised| recognised == length), "{line}");
        }
        assert_eq!(lines.recognise_escaped(&text.as_bytes()[..length]), None, "{line}");
        let is_recognised = lines.recognise_escaped(text.as_bytes()).is_some();
        assert_eq!(lines.recognise_escaped(&text.as_bytes()[..=length]).is_some(), is_recognised, "{line}");
        [lines.knows(line.as_bytes(), Columns::DEFAULT), is_recognised]
    }

    fn is_ok(line: &str) -> bool {
        matches!(read(line, Format::Auto), Reading::AccessLog(log) if log.status.class() == StatusClass::Ok)
    }

    #[test]
    fn the_next_line_of_every_preset_is_known_and_that_of_another_status_is_not() {
        for line in LINES {
            let mut lines = OkLines::default();
            assert_eq!(known(&mut lines, line), [false; 2]);
            lines.learn(line, Format::Auto, Columns::DEFAULT);
            for (ip, id, path) in
                [("198.51.100.23", "0c1e", "/v1"), ("2001:db8::7", "KXyz", "/o/{id}"), ("::1", "1", "/a")]
            {
                let next = line.replace("203.0.113.7", ip).replace("6a1f", id).replace("/v1/items", path);
                assert_eq!(known(&mut lines, &next), [true; 2], "{next}");
                assert_eq!(known(&mut lines, &next.replace("08:00:00", "23:59:01")), [true; 2], "{next}");
                let error = next.replace(" 200", " 502").replace(",200", ",502").replace(">200", ">502");
                let error = error.replace("=200", "=502").replace("\t200", "\t502");
                assert_eq!(known(&mut lines, &error), [false; 2], "{error}");
            }
        }
    }

    /// What may make another line of one: values of other kinds, separators, whole fields.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => select(vec![
                " ", "\"", ",", "-", "[", "]", "=", "<", ">", "\t", "\\", ":", "/", "502", "200", "0", "1.5", "HTTP/1.1",
                "HTTP/2", "GET", "CONNECT", "/a", "::1", "10.0.0.1", "\" 502 ", "\" \"", " HTTP/1.1\" 502 1 x",
                ",HTTP/1.1,502,", " [03/Nov/2026:08:00:00 +0000]", ",03/Nov/2026:08:00:00 +0000,", "+0000", "-0930",
                " status=502", ", status: 502", "level=info ", "<status>502</status>", "</status>", "ü", "\u{a0}", "'",
                "http", "***",
            ]).prop_map(str::to_owned),
            1 => "[a-zA-Z0-9._/+=-]{1,6}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_known_line_is_read_as_one_below_400(
            first in select(LINES.to_vec()), second in select(LINES.to_vec()),
            edits in prop::collection::vec((any::<Index>(), any::<Index>(), 0_usize..6, piece()), 1..4),
        ) {
            let mut lines = OkLines::default();
            let mut edited = first.to_owned();
            for line in [first, second] {
                lines.learn(line, Format::Auto, Columns::DEFAULT);
            }
            for (place, other, length, piece) in edits {
                // Every line on the way is learned from, too, where it is read.
                lines.learn(&edited, Format::Auto, Columns::DEFAULT);
                let ends: Vec<usize> = edited.char_indices().map(|(at, _)| at).chain([edited.len()]).collect();
                let at = place.index(ends.len());
                let to = (at + length).min(ends.len() - 1);
                let (at, to) = (ends[at], ends[to]);
                let piece = if length == 5 { edited[..ends[other.index(ends.len())]].to_owned() } else { piece };
                edited.replace_range(at..to, &piece);
                let [is_known, is_recognised] = known(&mut lines, &edited);
                prop_assert!(is_known || !is_recognised, "{}", edited);
                prop_assert!(!is_known || is_ok(edited.trim_end()), "{}", edited);
            }
        }
    }
}
