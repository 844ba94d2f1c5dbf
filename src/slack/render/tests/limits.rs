//! One below, at, and one above each limit of a message.

use super::*;
use crate::rules::IncidentSettings;
use crate::slack::escape::units;
use crate::slack::message::{MAX_BLOCK_TEXT, MAX_BODY_BYTES, MAX_TEXT_ONLY};

fn rendered(section: Section) -> Rendered {
    render(&digest(vec![section]), &style(), &situation())
}

fn drawn(rendered: &Rendered) -> String {
    draw(&rendered.message, &Canvas { width: None, color: Color::Never })
}

/// One error with a raw line of `n` of these characters.
fn of_length(c: char, n: usize) -> Rendered {
    let line: String = std::iter::repeat_n(c, n).collect();
    rendered(section(vec![group(500, "GET /", Fault::Gateway, &[(0, &line)])]))
}

fn is_whole(rendered: &Rendered, n: usize, c: char) -> bool {
    drawn(rendered).matches(c).count() >= n
}

/// Characters and bytes kept free for the words "1 of 1 line:" and "(all 1)",
/// which stand there only where a line is left out.
const KEPT_FREE: (usize, usize) = (24, 100);

#[test]
fn the_longest_line_that_fits_is_whole_and_one_character_more_is_cut() {
    // A letter takes one character, a quotation mark two bytes, an ideograph three.
    for (c, limit, kept_free) in [
        ('~', MAX_BLOCK_TEXT, KEPT_FREE.0),
        ('"', MAX_BODY_BYTES, KEPT_FREE.1),
        ('験', MAX_BODY_BYTES, KEPT_FREE.1),
    ] {
        let lengths: Vec<usize> = (3_000..9_500).collect();
        let longest = 2_999 + lengths.partition_point(|n| is_whole(&of_length(c, *n), *n, c));
        let at = of_length(c, longest);
        let used = if limit == MAX_BLOCK_TEXT { at.message.block_text() } else { at.message.body_bytes() };
        assert!(limit - kept_free <= used && used <= limit, "{c}: {used} of {limit}");
        let above = of_length(c, longest + 1);
        assert!(drawn(&above).contains(" more characters)"), "{c}");
        assert_eq!((at.shown, above.shown), (1, 1));
    }
}

#[test]
fn text_alone_is_filled_to_its_limit_and_not_beyond() {
    let lengths: Vec<usize> = [2_000, 4_000].map(|n| units(&of_length('x', n).plain().text)).into();
    assert!(lengths[0] < MAX_TEXT_ONLY);
    assert!(MAX_TEXT_ONLY - KEPT_FREE.0 <= lengths[1] && lengths[1] <= MAX_TEXT_ONLY, "{lengths:?}");
}

/// All that escapes to more characters, in names as long as a heading lists and longer.
#[test]
fn names_of_nothing_but_markup_leave_the_heading_short_and_the_message_within_limits() {
    let style = Style { lead_in: Some("L".repeat(300)), ..style() };
    for c in ['&', '<', '>', '*', '_', '.', '\u{202e}', '😀'] {
        for length in [1, 20, 34, 46, 150, 1_000] {
            let name = |n: usize| format!("{}{n}", c.to_string().repeat(length));
            let groups = |n| {
                let groups = (0..n).map(|n| {
                    let one = group(500, &name(n), Fault::Gateway, &[(0, &name(n))]);
                    Group { incident: long_runbook(), ..one }
                });
                Section { log_group: name(n), mentions: vec!["M".repeat(198)], ..section(groups.collect()) }
            };
            for digest in
                [vec![groups(1)], vec![groups(2)], vec![groups(3)], vec![groups(3), groups(2), groups(4)]]
            {
                let rendered = render(&super::digest(digest), &style, &situation());
                for message in [&rendered.message, rendered.plain()] {
                    assert!(message.body_bytes() <= MAX_BODY_BYTES && message.block_text() <= MAX_BLOCK_TEXT);
                    assert!(units(&message.text) <= MAX_TEXT_ONLY, "{c} {length}: {}", units(&message.text));
                }
                let heading = units(&rendered.message.text);
                assert!(heading <= 1_100, "{c} {length}: {heading} characters: {}", rendered.message.text);
            }
        }
    }
}

/// As long as a rule may have one.
fn long_runbook() -> IncidentSettings {
    let runbook = format!("https://wiki.example.com/{}", "a".repeat(175));
    IncidentSettings { runbook: Some(runbook), ..IncidentSettings::default() }
}

#[test]
fn a_list_of_routes_is_as_long_whatever_they_are_written_with() {
    let of = |c: char| {
        let route = |n: usize| format!("GET /{}{n}", c.to_string().repeat(30));
        let groups = (0..2).map(|n| group(500, &route(n), Fault::Gateway, &[(0, "raw")]));
        rendered(section(groups.collect())).message.text
    };
    for c in ['x', '.', '_'] {
        assert!(of(c).starts_with("2 errors · 1 × 500 GET /"), "{}", of(c));
        assert!(!of(c).contains("more characters"), "{}", of(c));
    }
    assert!(of('&').contains("more characters"), "{}", of('&'));
}

#[test]
fn as_many_lines_as_the_operator_allows() {
    let of = |n: usize| {
        let lines: Vec<String> = (0..n).map(|i| format!("line {i}")).collect();
        let lines: Vec<(i64, &str)> = lines.iter().map(|line| (0, line.as_str())).collect();
        rendered(section(vec![group(500, "GET /", Fault::Gateway, &lines)]))
    };
    assert_eq!((of(19).shown, of(20).shown, of(21).shown), (19, 20, 20));
    assert!(!drawn(&of(20)).contains(" lines:"));
    assert!(drawn(&of(21)).contains("▌ 20 of 21 lines:\n"));
    assert!(drawn(&of(21)).contains("Logs Insights (all 21)"));
}

#[test]
fn ten_groups_have_a_row_and_further_ones_are_counted_together() {
    let of = |n: usize| {
        let groups = (0..n)
            .map(|i| Group { count: 2, ..group(404, &format!("GET /{i}"), Fault::Unknown, &[(0, "raw")]) });
        drawn(&rendered(section(groups.collect())))
    };
    assert!(!of(10).contains("more group"));
    assert!(of(11).contains("▌ 1 more group  ×2\n"), "{}", of(11));
    assert!(of(12).contains("▌ 2 more groups  ×4\n"), "{}", of(12));
}

#[test]
fn groups_that_the_digest_itself_had_no_room_for_are_counted_too() {
    let one = group(404, "GET /", Fault::Unknown, &[(0, "raw")]);
    let section = Section { other: Other { count: 30 }, client_errors: 31, ..section(vec![one]) };
    assert!(drawn(&rendered(section)).contains("at least 1 more group  ×30\n"));
}

#[test]
fn three_groups_are_named_in_the_heading_and_four_are_summed_up() {
    let of = |n: u16| {
        let groups = (0..n).map(|i| group(500 + i, "GET /", Fault::Gateway, &[(0, "raw")]));
        drawn(&rendered(section(groups.collect())))
    };
    assert!(of(3).starts_with("3 errors · 1 × 500 GET / · 1 × 501 GET / · 1 × 502 GET / · /aws/"));
    assert!(of(4).starts_with("4 errors · all 5xx · 05:28:56 UTC · /aws/"));
}

#[test]
fn long_routes_are_summed_up_in_the_heading() {
    let of = |n: usize| {
        let route = format!("GET /{}", "x".repeat(n));
        let groups = [500, 403].map(|status| group(status, &route, Fault::Gateway, &[(0, "raw")]));
        drawn(&rendered(section(groups.into())))
    };
    // Two groups of `1 × 500 GET /xxx` take 13 characters and their letters.
    assert!(of(67).starts_with("2 errors · 1 × 500 GET /xxx"), "{}", of(67));
    assert!(of(68).starts_with("2 errors · 1 × 5xx · 1 × 4xx"), "{}", of(68));
}

#[test]
fn ten_log_groups_have_a_bar_and_further_ones_are_counted_together() {
    let of = |n: usize| {
        let sections = (0..n).map(|i| {
            let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, "raw")])]);
            Section { log_group: format!("api-{i}"), log_stream: None, ..one }
        });
        let rendered = render(&digest(sections.collect()), &Style::default(), &situation());
        (rendered.message.attachments.len(), rendered.shown, drawn(&rendered))
    };
    assert_eq!((of(10).0, of(10).1), (10, 10));
    assert_eq!((of(11).0, of(11).1), (11, 10));
    assert!(of(11).2.ends_with("\n▌ 1 more log group · 1 error\n▌ 7f3a9c\n"), "{}", of(11).2);
    assert!(of(12).2.starts_with("12 errors · all 4xx · 12 log groups: api-0, api-1, api-2 and 9 more\n"));
}

#[test]
fn of_too_many_log_groups_the_worst_have_a_bar() {
    let mut sections: Vec<Section> =
        (0..15).map(|_| section(vec![group(404, "GET /", Fault::Unknown, &[(0, "a 404")])])).collect();
    sections.push(section(vec![group(500, "GET /", Fault::Gateway, &[(0, "the 500")])]));
    let drawn = drawn(&render(&digest(sections), &Style::default(), &situation()));
    assert!(drawn.contains("the 500"));
}

#[test]
fn five_rules_are_named_and_further_ones_are_counted_together() {
    let of = |n: u64| {
        let counted_by_rule = (0..n).map(|i| (format!("rule {i}"), 3)).collect();
        let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, "raw")])]);
        drawn(&rendered(Section { counted_by_rule, ..one }))
    };
    assert!(!of(5).contains("more rule"));
    assert!(of(7).contains("3 counted by rule \"rule 4\" · 6 counted by 2 more rules\n"), "{}", of(7));
}

#[test]
fn news_is_old_after_five_minutes() {
    let at = |age_ms: i64| {
        let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, "raw")])]);
        drawn(&render(&digest(vec![one]), &style(), &Situation { now_ms: AT + age_ms, ..situation() }))
    };
    assert!(!at(300_000).contains("late"));
    assert!(at(300_001).contains("posted 5 min late"));
}

#[test]
fn where_not_all_fits_each_group_keeps_a_line_and_no_second_line_is_cut() {
    let long = |status| {
        let lines: Vec<String> = (0..5).map(|i| format!("{status}-{i} {}", "x".repeat(4_000))).collect();
        let lines: Vec<(i64, &str)> = lines.iter().map(|line| (0, line.as_str())).collect();
        group(status, "GET /", Fault::Gateway, &lines)
    };
    let rendered = rendered(section(vec![long(500), long(502), long(504)]));
    let drawn = drawn(&rendered);
    for status in [500, 502, 504] {
        assert!(drawn.contains(&format!("│ {status}-0 xxx")), "{status}");
    }
    assert_eq!(rendered.shown, 3);
    assert_eq!(drawn.matches(" more characters)").count(), 3);
}

#[test]
fn the_odd_error_in_a_flood_of_long_lines_is_whole() {
    let flood: Vec<String> = (0..20).map(|i| format!("{i} {}", "x".repeat(900))).collect();
    let flood: Vec<(i64, &str)> = flood.iter().map(|line| (0, line.as_str())).collect();
    let odd = format!("odd {}", "y".repeat(1_500));
    let groups = vec![
        group(502, "GET /flood", Fault::Gateway, &flood),
        group(404, "GET /odd", Fault::Unknown, &[(1, &odd)]),
    ];
    let rendered = rendered(section(groups));
    assert!(drawn(&rendered).contains(&odd));
    assert!(rendered.shown > 5, "{}", rendered.shown);
    assert!(!drawn(&rendered).contains("more characters"));
}

#[test]
fn a_noisy_log_group_leaves_room_for_a_quiet_one() {
    let flood: Vec<String> = (0..20).map(|i| format!("{i} {}", "x".repeat(700))).collect();
    let flood: Vec<(i64, &str)> = flood.iter().map(|line| (0, line.as_str())).collect();
    let noisy = section(vec![group(502, "GET /", Fault::Gateway, &flood)]);
    let quiet =
        section(vec![group(404, "GET /", Fault::Unknown, &[(0, "quiet 1"), (1, "quiet 2"), (2, "quiet 3")])]);
    let rendered = render(&digest(vec![noisy, quiet]), &style(), &situation());
    assert!(drawn(&rendered).contains("quiet 3"), "{}", drawn(&rendered));
}

#[test]
fn many_log_groups_share_one_link_rather_than_lose_their_lines() {
    let sections = (0..10).map(|i| {
        let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, &"x".repeat(200))])]);
        Section { log_group: format!("/aws/apigateway/api-{i}"), ..one }
    });
    let rendered = render(&digest(sections.collect()), &style(), &situation());
    let drawn = drawn(&rendered);
    assert_eq!(rendered.shown, 10);
    assert_eq!(drawn.matches("Logs Insights").count(), 1, "{drawn}");
    assert!(drawn.ends_with("▌ 18 Nov 2020 · Logs Insights · ap-northeast-1 · 7f3a9c\n"), "{drawn}");
}

#[test]
fn a_link_of_absurd_length_is_left_out() {
    let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, "raw")])]);
    let drawn = drawn(&rendered(Section { log_group: "/".repeat(512), ..one }));
    assert!(drawn.ends_with("▌ 18 Nov 2020 · 05:28:56 UTC · ap-northeast-1 · 7f3a9c\n"), "{drawn}");
}

#[test]
fn a_rate_over_less_than_a_second_is_no_rate() {
    let of = |ms: i64| {
        let storm = Storm { since_ms: AT, last_message_ms: AT, spacing_seconds: 5 };
        let one = section(vec![group(404, "GET /", Fault::Unknown, &[(0, "raw")])]);
        drawn(&render(
            &digest(vec![one]),
            &style(),
            &Situation { now_ms: AT + ms, storm: Some(storm), ..situation() },
        ))
    };
    assert!(
        of(999).starts_with("Storm for under 1 s · 1 error since the last message · all 4xx"),
        "{}",
        of(999)
    );
    assert!(of(1_000).starts_with("Storm for 1 s · 1 error since the last message (60 a minute) · all 4xx"));
}
