//! What AWS's documents leave open about filter patterns, and how it is decided here.
//!
//! Each decision has its reason and its effect, and a test of the same name below.
//! "Seen" means an answer of AWS itself (`TestMetricFilter` and `FilterLogEvents`, us-east-1, September 2026), recorded in
//! the public repository radkawar/stackd, file `testdata/aws/logs/filters.json`; where such an answer exists it decides,
//! unless the documents say the opposite in so many words.
//!
//! # Text and numbers in JSON patterns
//!
//! **A value without quotes matches text and numbers.**
//! `{ $.status = 4* }` matches `"403"` and `403`; `{ $.status = 403 }` matches both too (seen).
//! Between numbers it compares by value (`403.0`, `4.03e2`), with text by spelling.
//! Effect: the recommended pattern works whether the format quotes the status or not.
//!
//! **A value in quotes matches numbers by their spelling.**
//! `{ $.v = "1" }` matches `1` and `"1"`, not `1.0` (seen); so `"4*"` matches the number `403`.
//! Effect: quoting a value is never wrong, as the CDK's authors say.
//!
//! **Order compares numbers only.**
//! `{ $.status >= 400 }` does not match `"403"` (seen with `>`, `<=`, and text that is a number).
//! Effect: against API Gateway's presets, which quote the status, such a filter sees nothing; it is reported as a blind spot.
//!
//! **A regular expression searches a number's spelling.**
//! Not seen; follows from quotes. Effect: `{ $.status = %^[45]% }` matches `403` and `"403"`.
//!
//! **What is neither text nor number cannot be compared.**
//! Null, true, false, arrays, objects and missing values match neither `=` nor `!=`, not even `= *` (seen).
//! Effect: `!=` on an optional field needs `|| ($.field NOT EXISTS)`; `= true` finds the text `"true"` only.
//!
//! **`= null` is refused.** Seen to be an invalid pattern. Effect: the error proposes `IS NULL`.
//!
//! **`IS NULL` also finds a null inside an array.** Seen. Effect: none on access logs.
//!
//! # Selectors
//!
//! **A wildcard selects elements and members alike.**
//! `$.a[*]` was seen to select the members of an object; `$.a.*` is taken to select the elements of an array.
//!
//! **With a wildcard one value is enough, for each condition by itself.**
//! Seen: `{ $.i[*].a = 1 && $.i[*].b = 2 }` matches where two different elements have them.
//! Effect: `{ $.a[*] != 1 }` means "some value differs", not "none is 1".
//!
//! **Of a repeated name the last counts.** Seen. Effect: the same reading as the rest of this program.
//!
//! **Only one JSON object is a JSON event.**
//! An array, a bare value and text around JSON never match, not even `NOT EXISTS` (seen for arrays and broken text; the
//! console's tester was once reported to accept text that contains JSON, delivery was not).
//! Effect: a line with one unquoted `-` is invisible to every JSON pattern.
//!
//! # Values and words
//!
//! **A `*` inside a value is a wildcard too.**
//! Documented at the start, at the end and at both; the CDK's documents say only there.
//! Effect: `a*b` may match more here than at AWS; `explain` says so.
//!
//! **A value without quotes holds letters, digits and `_ . * + -`.**
//! The documents' sentence allows letters, digits and `_`, their examples `.` and `*`, their numbers `+` and `-`.
//! Effect: anything else asks for quotes, which are never wrong; a term of a text pattern needs them for `-` as well.
//!
//! **Keywords are taken in any case.** The documents have them in capitals; deployed templates also have `is null` and
//! `not exists`. Effect: both are read the same, with a note that AWS documents capitals.
//!
//! **Only `\"` and `\\` are escapes in quotes.** The ones that the CDK writes. Effect: `"\d"` is a backslash and a `d`.
//!
//! # Text patterns
//!
//! **A quoted space matches everything.**
//! The documents say so in a heading; AWS was seen to look for the space itself.
//! Effect: only lines without any space are judged differently; `explain` says so.
//!
//! **Optional terms beside others are ignored.** Documented, and seen with `-` as well as with plain terms.
//!
//! # Space-delimited patterns
//!
//! **Any run of white space separates fields.** Seen for tabs and for two spaces. Effect: Lambda's REPORT lines split as expected.
//!
//! **Brackets and quotes that do not enclose a whole field are ordinary text.**
//! Seen for a quote that is never closed; taken over for `[INFO]:`.
//!
//! **The last field takes the rest of the line, unless it has a condition.**
//! Seen without a condition: `[w1=ERROR, w2]` gives `w2` the rest as it stands, quotes and all, and a single quoted field
//! without its quotes; a line of one field does not match. With a condition the number of fields must be exact
//! (documented: "you must include a blank indicator").
//!
//! **Fields after `...` are counted from the end, and `...` may stand for none.** Seen.
//!
//! **A field that reads as a number is compared as one with a number.**
//! `= 404` and `>= 400` compare by value, everything else by spelling. Effect: `bytes > 1000` never matches `-`.
//!
//! **A name in two slots is refused.** Seen. Inside one slot a name may change its case (older documents have it).
//!
//! **JSON and text patterns extract nothing.** Seen: `extractedValues` is empty for both.
//!
//! # Regular expressions
//!
//! **A space may stand in a regular expression.**
//! Not in the documents' list of characters, but in their example `%^starting|^initializing|^shutting down%`.
//!
//! **`|` separates whole alternatives.**
//! The documents' `%gra|ey%` for "gray" and "grey" fits this too, and their longer example fits nothing else.
//!
//! **A dot matches a line break.** "Any single character"; and classes were seen to. Effect: events of several lines.

#[cfg(test)]
mod tests {
    use super::super::{FilterPattern, PatternError};

    fn parse(pattern: &str) -> Result<FilterPattern, PatternError> {
        FilterPattern::parse(pattern)
    }

    /// Each pattern with events that must match, then events that must not.
    fn check(cases: &[(&str, &[&str], &[&str])]) {
        for (pattern, matching, others) in cases {
            let read = parse(pattern).unwrap_or_else(|error| panic!("{}", error.render(pattern)));
            for event in *matching {
                assert!(read.matches(event), "{pattern} should match {event}");
            }
            for event in *others {
                assert!(!read.matches(event), "{pattern} should not match {event}");
            }
        }
    }

    fn extracted(pattern: &str, event: &str) -> Vec<String> {
        let values = parse(pattern).unwrap().extract(event).unwrap();
        values.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn keywords_are_taken_in_any_case_and_noted() {
        let cases = [
            ("IS NULL", r#"{"v":null}"#),
            ("IS TRUE", r#"{"v":true}"#),
            ("IS FALSE", r#"{"v":false}"#),
            ("NOT EXISTS", r#"{"w":1}"#),
        ];
        for (capitals, event) in cases {
            let mixed = capitals.replace('I', "i").replace('O', "o");
            for keyword in [mixed, capitals.to_lowercase(), capitals.to_owned()] {
                let pattern = format!("{{ ($.v {keyword}) && $.x NOT EXISTS }}");
                let read = parse(&pattern).unwrap();
                for (_, other) in cases {
                    assert_eq!(read.matches(other), other == event, "{pattern} on {other}");
                }
                assert_eq!(read.explain(), parse(&pattern.replace(&keyword, capitals)).unwrap().explain());
                assert_eq!(read.note().is_some(), keyword != capitals, "{pattern}");
            }
        }
        assert_eq!(parse("{ $.is = 1 }").unwrap().note(), None);
        assert_eq!(parse("[is, not, exists]").unwrap().note(), None);
    }

    #[test]
    fn a_value_without_quotes_matches_text_and_numbers() {
        check(&[
            (
                "{ $.status = 4* }",
                &[r#"{"status":"403"}"#, r#"{"status":403}"#],
                &[r#"{"status":"503"}"#, r#"{"status":1403}"#],
            ),
            (
                "{ $.status = 403 }",
                &[r#"{"status":"403"}"#, r#"{"status":403}"#, r#"{"status":403.0}"#, r#"{"status":4.03e2}"#],
                &[r#"{"status":"403.0"}"#, r#"{"status":"0403"}"#],
            ),
            (
                "{ $.status != 403 }",
                &[r#"{"status":"403.0"}"#, r#"{"status":404}"#],
                &[r#"{"status":"403"}"#],
            ),
        ]);
    }

    #[test]
    fn a_value_in_quotes_matches_numbers_by_their_spelling() {
        check(&[
            (r#"{ $.v = "1" }"#, &[r#"{"v":1}"#, r#"{"v":"1"}"#], &[r#"{"v":1.0}"#, r#"{"v":1e0}"#]),
            (r#"{ $.status = "4*" }"#, &[r#"{"status":403}"#, r#"{"status":"403"}"#], &[r#"{"status":503}"#]),
            (r#"{ $.v != "x" }"#, &[r#"{"v":1}"#], &[]),
        ]);
    }

    #[test]
    fn order_compares_numbers_only() {
        check(&[
            (
                "{ $.status >= 400 }",
                &[r#"{"status":403}"#, r#"{"status":400.0}"#],
                &[r#"{"status":"403"}"#, r#"{"status":399}"#],
            ),
            ("{ $.status < 400 }", &[r#"{"status":200}"#], &[r#"{"status":"200"}"#]),
        ]);
    }

    #[test]
    fn a_regular_expression_searches_a_numbers_spelling() {
        check(&[(
            "{ $.status = %^[45]% }",
            &[r#"{"status":403}"#, r#"{"status":"403"}"#],
            &[r#"{"status":240}"#],
        )]);
    }

    #[test]
    fn what_is_neither_text_nor_number_cannot_be_compared() {
        let neither = [
            r#"{"v":null}"#,
            r#"{"v":true}"#,
            r#"{"v":false}"#,
            r#"{"v":[1]}"#,
            r#"{"v":{}}"#,
            r#"{"w":1}"#,
            "{}",
        ];
        for pattern in
            ["{ $.v = * }", "{ $.v != x }", "{ $.v = true }", "{ $.v != 1 }", "{ $.v = %.% }", "{ $.v <= 9 }"]
        {
            check(&[(pattern, &[], &neither)]);
        }
        check(&[("{ $.v = true }", &[r#"{"v":"true"}"#], &[])]);
    }

    #[test]
    fn equal_null_is_refused() {
        assert!(parse("{ $.v = null }").unwrap_err().fix().contains("IS NULL"));
        check(&[
            (r#"{ $.v = "null" }"#, &[r#"{"v":"null"}"#], &[r#"{"v":null}"#]),
            ("[v = null]", &["null"], &["x"]),
        ]);
    }

    #[test]
    fn is_null_also_finds_a_null_inside_an_array() {
        check(&[(
            "{ $.v IS NULL }",
            &[r#"{"v":null}"#, r#"{"v":[7,null]}"#],
            &[r#"{"v":[]}"#, r#"{"v":[[null]]}"#, r#"{"v":"null"}"#, r#"{"v":{"w":null}}"#, "{}"],
        )]);
    }

    #[test]
    fn a_wildcard_selects_elements_and_members_alike() {
        check(&[
            (
                "{ $.a[*] = x }",
                &[r#"{"a":["y","x"]}"#, r#"{"a":{"0":"x"}}"#],
                &[r#"{"a":"x"}"#, r#"{"a":[["x"]]}"#],
            ),
            ("{ $.a.* = x }", &[r#"{"a":["y","x"]}"#, r#"{"a":{"0":"x"}}"#], &[r#"{"a":"x"}"#]),
            ("{ $.* = x }", &[r#"{"k":"x"}"#], &[r#"{"k":["x"]}"#]),
        ]);
    }

    #[test]
    fn with_a_wildcard_one_value_is_enough_for_each_condition_by_itself() {
        check(&[
            (
                "{ $.i[*].a = 1 && $.i[*].b = 2 }",
                &[r#"{"i":[{"a":1},{"b":2}]}"#],
                &[r#"{"i":[{"a":1},{"b":1}]}"#],
            ),
            ("{ $.i[*] != 1 }", &[r#"{"i":[1,2]}"#], &[r#"{"i":[1,1]}"#, r#"{"i":[]}"#]),
            ("{ $.i[*].a NOT EXISTS }", &[r#"{"i":[{"b":1}]}"#, "{}"], &[r#"{"i":[{"b":1},{"a":1}]}"#]),
        ]);
    }

    #[test]
    fn of_a_repeated_name_the_last_counts() {
        check(&[("{ $.v = 1 }", &[r#"{"v":2,"v":1}"#], &[r#"{"v":1,"v":2}"#])]);
    }

    #[test]
    fn only_one_json_object_is_a_json_event() {
        let others = [
            r#"[{"v":1}]"#,
            r#"log {"v":1}"#,
            r#"{"v":1} tail"#,
            r#"{"v":1}{"v":1}"#,
            "1",
            "",
            "{broken",
            r#"{"v":1,"w":-}"#,
        ];
        check(&[
            ("{ $.v = 1 }", &[" {\"v\":1}\n"], &others),
            ("{ $.x NOT EXISTS }", &[r#"{"v":1}"#], &others),
        ]);
    }

    #[test]
    fn a_star_inside_a_value_is_a_wildcard_too() {
        check(&[(
            r#"{ $.v = "GET /*/items" }"#,
            &[r#"{"v":"GET /a/items"}"#],
            &[r#"{"v":"GET /a/items/1"}"#],
        )]);
        assert!(parse("{ $.v = a*b }").unwrap().explain().contains("only at the start and at the end"));
    }

    #[test]
    fn a_value_without_quotes_holds_letters_digits_and_a_few_signs() {
        check(&[
            ("{ $.v = 123.123.* }", &[r#"{"v":"123.123.1.1"}"#], &[r#"{"v":"1.1.1.1"}"#]),
            ("{ $.v = kms.amazonaws.com }", &[r#"{"v":"kms.amazonaws.com"}"#], &[]),
            ("{ $.v = us-east-1 }", &[r#"{"v":"us-east-1"}"#], &[]),
        ]);
        for pattern in
            ["{ $.v = a/b }", "{ $.v = a:b }", "{ $.v = é }", "{ $.v = a@b }", "[v = a/b]", "foo-bar", "a.b"]
        {
            assert!(parse(pattern).unwrap_err().fix().contains("double quotes"), "{pattern}");
        }
    }

    #[test]
    fn only_quotes_and_backslashes_are_escapes_in_quotes() {
        check(&[
            (r#"{ $.v = "a\"b\\c\d" }"#, &[r#"{"v":"a\"b\\c\\d"}"#], &[]),
            (r#""\"status\"""#, &[r#"{"status":1}"#], &["status"]),
        ]);
    }

    #[test]
    fn a_quoted_space_matches_everything() {
        check(&[("\" \"", &["a b", "a", ""], &[])]);
        assert!(parse("\" \"").unwrap().explain().contains("match everything"));
    }

    #[test]
    fn optional_terms_beside_others_are_ignored() {
        check(&[
            ("?ERROR ?FATAL request", &["INFO request", "ERROR request"], &["ERROR", "FATAL"]),
            ("?ERROR ?FATAL -request", &["INFO", ""], &["ERROR request"]),
        ]);
    }

    #[test]
    fn any_run_of_white_space_separates_fields() {
        check(&[("[a, b, c = 3]", &["1 2 3", "1\t2\t3", " 1  2 \t 3\n"], &["1 2 3 4"])]);
    }

    #[test]
    fn brackets_and_quotes_that_do_not_enclose_a_field_are_ordinary_text() {
        assert_eq!(extracted("[a, ..., z]", "ERROR \"never closed"), ["$a=ERROR", "$2=\"never", "$z=closed"]);
        assert_eq!(extracted("[a, b]", "[INFO]: up"), ["$a=[INFO]:", "$b=up"]);
    }

    #[test]
    fn the_last_field_takes_the_rest_of_the_line_unless_it_has_a_condition() {
        check(&[
            ("[w1 = ERROR, w2]", &["ERROR a", "ERROR a b c"], &["ERROR", "INFO a"]),
            ("[w1 = ERROR,]", &["ERROR a b c"], &["ERROR"]),
            ("[w1 = ERR*]", &["ERROR"], &["ERROR a"]),
            ("[a, b > 1000]", &["x 1500"], &["x 1500 extra", "x 1"]),
        ]);
        assert_eq!(extracted("[w1, w2]", "A b  \"c d\" [e] \n"), ["$w1=A", "$w2=b  \"c d\" [e]"]);
        assert_eq!(extracted("[w1, w2]", "A \"b c\""), ["$w1=A", "$w2=b c"]);
        assert_eq!(extracted("[w1,]", "A b c"), ["$w1=A", "$2=b c"]);
    }

    #[test]
    fn fields_after_an_ellipsis_are_counted_from_the_end_and_it_may_stand_for_none() {
        check(&[
            ("[..., status = 5*, bytes]", &["503 1", "a b c 503 1"], &["503 1 2", "503"]),
            ("[a = x, ...]", &["x", "x y z"], &["y", ""]),
            ("[a = x, ..., z = 1]", &["x 1", "x y 1"], &["x", "x 1 y"]),
        ]);
        assert_eq!(extracted("[..., z]", "only"), ["$z=only"]);
        assert_eq!(extracted("[a, ..., y, z]", "1 2 3 4 5"), ["$a=1", "$2=2", "$3=3", "$y=4", "$z=5"]);
    }

    #[test]
    fn a_field_that_reads_as_a_number_is_compared_as_one_with_a_number() {
        check(&[
            ("[n = 404]", &["404", "404.0"], &["\"40 4\"", "4040"]),
            ("[n >= 400]", &["400", "4e2"], &["399", "-", "x"]),
            ("[n = \"404\"]", &["404"], &["404.0"]),
        ]);
    }

    #[test]
    fn a_name_in_two_slots_is_refused() {
        assert!(parse("[word, word]").is_err());
        assert!(parse("[w1 = ERROR || W1 = WARNING, w2]").is_ok());
        assert!(parse("[w1 = ERROR || w2 = WARNING, w3]").is_err());
    }

    #[test]
    fn json_and_text_patterns_extract_nothing() {
        for pattern in ["{ $.v = 1 }", "%v%", "v", ""] {
            assert_eq!(parse(pattern).unwrap().extract(r#"{"v":1}"#), Some(Vec::new()), "{pattern}");
        }
    }

    #[test]
    fn a_space_may_stand_in_a_regular_expression() {
        check(&[("%shutting down%", &["now shutting down"], &["shuttingdown"])]);
    }

    #[test]
    fn a_bar_separates_whole_alternatives() {
        check(&[
            ("%gra|ey%", &["gray", "grey"], &["groy"]),
            ("%^up|^going down%", &["going down", "up"], &["not going down"]),
        ]);
    }

    #[test]
    fn a_dot_matches_a_line_break() {
        check(&[("%ERROR.500%", &["ERROR 500", "ERROR\n500"], &["ERROR500"])]);
    }
}
