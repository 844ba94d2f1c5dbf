//! Lines of the formats that are not JSON: where one of them has its words and what these are in, whether the next has a
//! status below 400 out.
//!
//! It says nothing else of a line. It is exact: a line that it knows has the separators of one that the format's own
//! reader has read, and words of the same kinds between them, so that this reads the status from the same place. What is
//! unusual in any way it leaves to the reader.

mod words;

use super::fixed::Prefix;
use crate::access_log::{Columns, Format, StatusClass, is_header, read_preset};
use words::{Kind, split};

/// Formats that are known at a time.
const MAX_FORMATS: usize = 4;
/// Lines that are learned from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// Knows lines by the formats that it has learned.
#[derive(Debug, Default)]
pub(crate) struct OkLines {
    formats: Vec<WordFormat>,
    /// Which one knew a line last.
    last: usize,
    lessons: u32,
    /// What the lines stand under that it has learned from.
    columns: Columns,
}

/// The fixed text of a line, and the kinds of the words between.
#[derive(Debug, PartialEq, Eq)]
struct WordFormat {
    /// Each word, and the fixed text before it.
    words: Vec<(Prefix, Kind)>,
    end: String,
}

impl OkLines {
    /// Whether a line, as it was logged, is known to have a status below 400. `columns` are what it stands under.
    pub(crate) fn knows(&mut self, line: &[u8], columns: &Columns) -> bool {
        let line = line.trim_ascii_end();
        if self.formats.is_empty() || self.columns != *columns {
            return false;
        }
        if self.formats.get(self.last).is_some_and(|format| format.is_ok(line)) {
            return true;
        }
        let found = self.formats.iter().position(|format| format.is_ok(line));
        self.last = found.unwrap_or(self.last);
        found.is_some()
    }

    /// Learns the format of a line that was not known, if that is a format other than JSON and the line's status is
    /// below 400.
    pub(crate) fn learn(&mut self, line: &str, format: Format, columns: &Columns) {
        let line = line.trim_end();
        if self.lessons == MAX_LESSONS || line.starts_with('{') || is_header(line, format) {
            return;
        }
        self.lessons += 1;
        let Some((preset, read)) = read_preset(line, format, columns) else { return };
        if read.log.status.class() != StatusClass::Ok {
            return;
        }
        let Some((words, end)) = split(line, preset, &read) else { return };
        let new = WordFormat {
            words: words.into_iter().map(|(fixed, kind)| (Prefix::new(fixed), kind)).collect(),
            end,
        };
        // What it gets wrong about the very line that it comes from, it would get wrong about others.
        if !new.is_ok(line.as_bytes()) {
            return;
        }
        if self.columns != *columns {
            self.formats.clear();
            self.columns.clone_from(columns);
        }
        if self.formats.len() == MAX_FORMATS {
            self.formats.remove(0);
        }
        self.formats.push(new);
        self.last = self.formats.len() - 1;
    }
}

impl WordFormat {
    fn is_ok(&self, line: &[u8]) -> bool {
        self.strip(line) == Some(self.end.as_bytes())
    }

    /// What stands behind the words of a line, all of which are of their kinds.
    fn strip<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let mut rest = line;
        for (fixed, kind) in &self.words {
            rest = fixed.strip(rest)?;
            rest = rest.get(kind.length(rest)?..)?;
        }
        Some(rest)
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

    fn is_ok(line: &str) -> bool {
        matches!(read(line, Format::Auto), Reading::AccessLog(log) if log.status.class() == StatusClass::Ok)
    }

    #[test]
    fn the_next_line_of_every_preset_is_known_and_that_of_another_status_is_not() {
        for line in LINES {
            let mut lines = OkLines::default();
            assert!(!lines.knows(line.as_bytes(), Columns::DEFAULT));
            lines.learn(line, Format::Auto, Columns::DEFAULT);
            for (ip, id, path) in
                [("198.51.100.23", "0c1e", "/v1"), ("2001:db8::7", "KXyz", "/o/{id}"), ("::1", "1", "/a")]
            {
                let next = line.replace("203.0.113.7", ip).replace("6a1f", id).replace("/v1/items", path);
                assert!(lines.knows(next.as_bytes(), Columns::DEFAULT), "{next}");
                assert!(
                    lines.knows(next.replace("08:00:00", "23:59:01").as_bytes(), Columns::DEFAULT),
                    "{next}"
                );
                let error = next.replace(" 200", " 502").replace(",200", ",502").replace(">200", ">502");
                let error = error.replace("=200", "=502").replace("\t200", "\t502");
                assert!(!lines.knows(error.as_bytes(), Columns::DEFAULT), "{error}");
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
                if lines.knows(edited.as_bytes(), Columns::DEFAULT) {
                    prop_assert!(is_ok(edited.trim_end()), "{}", edited);
                }
            }
        }
    }
}
