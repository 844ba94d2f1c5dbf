//! A look at a text that tells in one pass that no secret can be in it, which is so of nearly every line.
//!
//! It never says so of a text in which the search would find one; it may send it on a search for nothing.

/// Three letters or digits of each name, scheme and token that the search knows, in lower case, without what separates
/// words. The tests hold them to the lists.
const PARTS: [&[u8; 3]; 48] = [
    b"uth", b"oki", b"oke", b"pik", b"nke", b"ske", b"ssk", b"cre", b"vat", b"pas", b"gna", b"ssi", b"sid",
    b"jwt", b"bea", b"aml", b"rti", b"pwd", b"otp", b"uer", b"sic", b"ego", b"ntl", b"eyj", b"eya", b"ewo",
    b"ewk", b"kia", b"asi", b"skl", b"skt", b"rkl", b"rkt", b"pkl", b"pkt", b"whs", b"ghp", b"gho", b"ghu",
    b"ghs", b"ghr", b"thu", b"glp", b"xox", b"xap", b"aiz", b"npm", b"oks",
];

/// Letters and digits.
const SYMBOLS: usize = 36;
const WORDS: usize = (SYMBOLS * SYMBOLS * SYMBOLS).div_ceil(64);

/// A bit for each three symbols.
static TABLE: [u64; WORDS] = table();

const fn table() -> [u64; WORDS] {
    let mut table = [0; WORDS];
    let mut part = 0;
    while part < PARTS.len() {
        let place = place(PARTS[part]);
        table[place / 64] |= 1 << (place % 64);
        part += 1;
    }
    table
}

/// The number of a letter or digit; capitals are as small letters.
const fn symbol(byte: u8) -> usize {
    match byte {
        b'0'..=b'9' => (byte - b'0') as usize,
        _ => (byte.to_ascii_lowercase() - b'a') as usize + 10,
    }
}

/// The one of them that ends many a path (`/orders/{id}`): as a secret's name it is all of the name, and so begins a
/// word.
const SID: usize = place(b"sid");

const fn place([first, second, third]: &[u8; 3]) -> usize {
    (symbol(*first) * SYMBOLS + symbol(*second)) * SYMBOLS + symbol(*third)
}

/// Whether a search could find a secret in the text, or a name that promises one.
pub(in crate::access_log::redact) fn may_hold(text: &str) -> bool {
    let (mut at, mut word_begins) = (0, 0_u8);
    let (mut last, mut before_last) = (0_u8, 0);
    for &byte in text.as_bytes() {
        let is_trigger = if byte.is_ascii_alphanumeric() {
            at = at % (SYMBOLS * SYMBOLS) * SYMBOLS + symbol(byte);
            word_begins = word_begins << 1 | u8::from(!last.is_ascii_alphanumeric());
            TABLE.get(at / 64).is_none_or(|bits| bits >> (at % 64) & 1 == 1)
                && (at != SID || word_begins >> 2 & 1 == 1)
        } else {
            match byte {
                // Queries and escapes, and what may be lower case in another script.
                b'?' | b'#' | b'%' | b'\\' | b'&' | 0..b' ' | 0x7f.. => true,
                b'/' => (before_last, last) == (b':', b'/'),
                b'-' => (before_last, last) == (b's', b'k'),
                b'.' => (before_last, last) == (b'S', b'G'),
                _ => false,
            }
        };
        if is_trigger {
            return true;
        }
        (before_last, last) = (last, byte);
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::{Shape, find, hides_more, names, tokens};
    use super::*;
    use crate::access_log::Columns;
    use crate::access_log::redact::{Redacted, Redaction};

    #[test]
    fn whatever_the_search_knows_is_a_trigger() {
        let known = [
            names::ENDINGS.as_slice(),
            &names::WORDS,
            &names::QUERIES,
            &tokens::SCHEMES,
            &tokens::TOKEN_BEGINS.map(|(begin, _)| begin),
            &tokens::KEYS.map(|(begin, _)| begin),
        ]
        .concat();
        for text in known {
            assert!(may_hold(text), "{text}");
        }
        for name in [names::ENDINGS.as_slice(), &names::WORDS, &names::QUERIES].concat() {
            let in_capitals = name.to_ascii_uppercase();
            let apart: Vec<String> = name.chars().map(String::from).collect();
            for name in [in_capitals, apart.join("_"), format!("x-{name}"), format!("{name}[0]")] {
                assert!(may_hold(&name), "{name}");
            }
        }
    }

    #[test]
    fn a_usual_line_has_no_trigger() {
        for line in [
            r#"{ "requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbfef", "ip": "203.0.113.7", "caller":"-", "user":"-","requestTime":"18/Nov/2020:05:28:56 +0000", "httpMethod":"POST","resourcePath":"/v1/orders/{id}", "status":"502","protocol":"HTTP/1.1", "responseLength":"36" }"#,
            r#"{"requestId":"a","routeKey":"GET /v1/items","status":"504","integrationStatus":"200","integrationLatency":"29000","userAgent":"Mozilla/5.0 (X11; Linux x86_64)","error.message":"Endpoint request timed out"}"#,
            r#"{"resourcePath":"/v1/customers/{id}/addresses","status":"404","caller":"AROAEXAMPLE:orders"}"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "POST /v1/orders HTTP/1.1" 502 36 a b"#,
        ] {
            assert!(!may_hold(line), "{line}");
        }
    }

    /// Pieces of which lines with and without secrets are made.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            select([names::ENDINGS.as_slice(), &names::WORDS, &names::QUERIES, &tokens::SCHEMES].concat())
                .prop_map(str::to_owned),
            select(tokens::KEYS.map(|(begin, _)| begin).to_vec()).prop_map(str::to_owned),
            select(vec![
                "\"",
                "\":\"",
                "\",\"",
                "{\"",
                "\"}",
                "{",
                "}",
                ":",
                "=",
                " ",
                "-",
                "_",
                ".",
                "/",
                "://",
                "@",
                "<",
                ">",
                ",",
                ";",
                "status",
                "502",
                "path",
                "GET /a HTTP/1.1",
                "eyJ",
                "203.0.113.7",
                "18/Nov/2020:05:28:56 +0000",
                "user",
                "key",
                "auth",
                "to",
                "ken",
                "K"
            ])
            .prop_map(str::to_owned),
            "[a-zA-Z0-9]{1,24}",
        ];
        proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn where_there_is_no_trigger_nothing_is_found(
            text in text(),
            member in any::<bool>(),
        ) {
            let line = if member { format!(r#"{{"status":"502","{text}":"{text}"}}"#) } else { text };
            if !may_hold(&line) {
                for shape in [Shape::Target, Shape::Text] {
                    prop_assert!(find(&line, shape).is_empty() && !hides_more(&line), "{}", line);
                }
                let (redacted, hidden) = Redaction::default().searched(&line, Columns::DEFAULT);
                prop_assert_eq!(redacted, Redacted::Whole(line));
                prop_assert!(hidden.values.is_empty() && !hidden.by_name);
            }
        }
    }
}
