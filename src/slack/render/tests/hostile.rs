//! Whatever strangers write, in whatever amount: the message stays dead, true and within limits.

use std::ops::RangeInclusive;

use super::oracle::*;
use super::*;
use proptest::prelude::*;
use proptest::sample::select;

const LEAD_IN: &str = "<!subteam^S0|ops> *エラー* :fire:";

/// Text that tries to be a mention, a link, an emoji, formatting, a second line, or simply too long.
pub(super) fn hostile(length: RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let pieces = vec![
        "<!channel>",
        "<!here|x>",
        "<@U012AB3CD>",
        "<#C1>",
        "<!subteam^S1>",
        "<https://evil.example|click>",
        "https://evil.example/a?b=c",
        "www.evil.example",
        "evil@example.com",
        ":boom:",
        ":+1::skin-tone-2:",
        "*b*",
        "_i_",
        "~s~",
        "`c`",
        "```",
        "\n",
        "\r\n",
        "\0",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{85}",
        "\u{9b}",
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{2028}",
        "&",
        "&amp;",
        "&lt;",
        "<",
        ">",
        "|",
        "@here",
        "#general",
        "👩‍👩‍👧",
        "験",
        "\"",
        "\\",
        "×7",
        " · ",
        "… (3 more characters)",
        "plain",
        " ",
    ];
    let short = prop::collection::vec(select(pieces), length).prop_map(|pieces| pieces.concat());
    (short, prop::sample::select(vec![1_usize, 1, 1, 1, 25])).prop_map(|(text, times)| text.repeat(times))
}

pub(super) fn a_time() -> impl Strategy<Value = i64> {
    prop_oneof![8 => AT..AT + 90_000_000, 1 => select(vec![0, -1, i64::MIN, i64::MAX, 253_402_300_800_000])]
}

fn a_sample() -> impl Strategy<Value = Sample> {
    let text = prop_oneof![
        6 => hostile(0..=20).prop_map(SampleText::Whole),
        1 => hostile(0..=20).prop_map(|kept| SampleText::Cut { full_chars: kept.chars().count() + 77, kept }),
        1 => Just(SampleText::Withheld),
    ];
    (a_time(), text).prop_map(|(timestamp_ms, text)| Sample { timestamp_ms, text })
}

fn a_cause() -> impl Strategy<Value = Causes> {
    let cause = prop_oneof![hostile(0..=6), Just("\" ×3 · integration: \"x".to_owned())];
    prop::option::of(cause).prop_map(|cause| {
        let mut causes = Causes::default();
        if let Some(cause) = cause {
            causes.note(&cause);
        }
        causes
    })
}

fn a_group() -> impl Strategy<Value = Group> {
    let fault = select(vec![
        Fault::Unknown,
        Fault::Waf,
        Fault::Client(Some("missing token")),
        Fault::Integration(None),
    ]);
    let samples = prop::collection::vec(a_sample(), 0..5);
    let status = prop_oneof![Just(502_u16), 400_u16..600];
    let source = select(vec![
        String::new(),
        "account 999999999999 us-east-1".to_owned(),
        format!("eu-west-1 /{}", "_".repeat(500)),
    ]);
    let route = prop_oneof![
        3 => hostile(0..=6),
        1 => "(GET )?/x{0,200}[\u{200b}\u{202e}\na]{0,2}",
    ];
    (status, (route, source), fault, a_cause(), 0_u64..5_000, samples, (a_time(), a_time()), any::<bool>())
        .prop_map(|(status, (route, source), fault, causes, more, samples, (first_ms, last_ms), is_new)| {
            Group {
                status: Status::new(status).expect("a status"),
                route: route.into(),
                fault,
                source,
                causes,
                count: samples.len() as u64 + more.saturating_sub(2_500).max(1),
                salvaged: more % 3,
                first_ms,
                last_ms,
                is_new,
                incident: crate::rules::IncidentSettings::default(),
                samples: samples.into(),
            }
        })
}

/// Whatever a line or a subscription message names.
fn a_context() -> impl Strategy<Value = Context> {
    let longest = [format!("_{}", "x".repeat(127)), format!("y{}", "_".repeat(127)), "*b*".to_owned()];
    let stage = prop_oneof![
        select(vec!["prod".to_owned(), "$default".to_owned()]),
        select(longest.to_vec()),
        hostile(0..=3)
    ];
    let account = select(vec!["123456789012", "210987654321", "<!channel>12", ""]);
    let stages = prop::collection::vec(stage, 0..6);
    (prop::collection::vec(account, 0..3), stages, 0_u32..120).prop_map(|(accounts, stages, clients)| {
        let mut context = Context::default();
        for account in &accounts {
            context.note_account(account);
        }
        for stage in &stages {
            context.note_stage(stage);
        }
        for client in 0..clients {
            context.note_client(|| (client != 9).then(|| std::net::Ipv4Addr::from(client).to_string()));
        }
        context
    })
}

fn a_section() -> impl Strategy<Value = Section> {
    let groups = prop::collection::vec(a_group(), 0..14);
    let rules = prop::collection::vec((hostile(0..=4), 1_u64..900), 0..8);
    let around = (a_context(), prop::option::of(any::<u64>()));
    (groups, hostile(1..=8), prop::option::of(hostile(1..=6)), rules, 0_u64..3, 0_u64..2, around).prop_map(
        |(groups, log_group, log_stream, counted_by_rule, unreadable, other, (context, requests))| {
            let counted = section(groups);
            Section {
                log_group,
                log_stream,
                counted_by_rule,
                unreadable,
                other: Other { count: other * 1_000 },
                client_errors: counted.client_errors + other * 1_000,
                mentions: vec![MENTION.to_owned()],
                context,
                requests,
                ..counted
            }
        },
    )
}

pub(super) fn a_digest() -> impl Strategy<Value = Digest> {
    let sections = prop_oneof![
        3 => prop::collection::vec(a_section(), 1..=1),
        1 => prop::collection::vec(a_section(), 1..14),
    ];
    sections.prop_map(|sections| Digest { sections, ..Digest::default() })
}

pub(super) fn a_style() -> impl Strategy<Value = Style> {
    let region = prop::option::of(Just("eu-central-1"));
    let longest = format!("/{},{}", "x".repeat(490), "y".repeat(100));
    let log_groups = prop_oneof![Just(String::new()), Just("orders,/b".to_owned()), Just(longest)];
    (region, 0_usize..40, any::<bool>(), log_groups).prop_map(|(region, max_lines, lead_in, log_groups)| {
        Style {
            lead_in: lead_in.then(|| LEAD_IN.to_owned()),
            max_lines,
            region: region.and_then(Region::new),
            log_groups: log_groups.parse().expect("names"),
            ..Style::default()
        }
    })
}

fn a_situation() -> impl Strategy<Value = Situation<'static>> {
    let storm = (a_time(), a_time()).prop_map(|(since_ms, last_message_ms)| Storm {
        since_ms,
        last_message_ms,
        spacing_seconds: 5,
    });
    (a_time(), prop::option::of(storm)).prop_map(|(now_ms, storm)| Situation { now_ms, id: "7f3a9c", storm })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_digest_gives_a_dead_true_and_valid_message(
        digest in a_digest(), style in a_style(), situation in a_situation(),
    ) {
        let rendered = render(&digest, &style, &situation);
        assert_within_limits(&rendered.message);
        assert_within_limits(rendered.plain());
        assert_blocks_dead(&rendered.message, &style);
        assert_text_dead(rendered.plain(), &style);
        assert_shown_is_true(&digest, &rendered);
        let one_error = situation.storm.is_none() && digest.sections.len() == 1 && digest.sections[0].matched() == 1;
        if !one_error {
            assert_nothing_is_uncounted(&digest, &rendered.message);
        }
        assert_no_line_is_a_quote_or_a_list(rendered.plain(), &style);
        prop_assert!(rendered.plain().text.ends_with("7f3a9c"));
        prop_assert_eq!(render(&digest, &style, &situation), rendered, "the same input, the same bytes");
    }

    #[test]
    fn the_longest_runbooks_leave_a_message_within_limits(
        mut digest in a_digest(), style in a_style(), situation in a_situation(),
    ) {
        let runbook = format!("https://wiki.example.com/{}", "a".repeat(175));
        for group in digest.sections.iter_mut().flat_map(|section| &mut section.groups) {
            group.incident.runbook = Some(runbook.clone());
        }
        let rendered = render(&digest, &style, &situation);
        assert_within_limits(&rendered.message);
        assert_within_limits(rendered.plain());
        let json = serde_json::to_value(&rendered.message).expect("serializes");
        prop_assert!(parts(&json, "link").iter().all(|link| link["url"] == runbook.as_str()));
    }

    #[test]
    fn no_two_groups_of_a_message_look_the_same(mut section in a_section(), max_lines in 0_usize..40) {
        let key = |group: &Group| (group.status, group.route.clone(), group.fault);
        let mut seen = std::collections::HashSet::new();
        section.groups.retain(|group| seen.insert(key(group)));
        let digest = digest(vec![section]);
        let rendered = render(&digest, &Style { max_lines, ..Style::default() }, &situation());
        assert_rows_differ(&digest, &rendered);
    }

    #[test]
    fn any_storm_ends_in_a_dead_and_valid_message(
        names in prop::collection::vec(hostile(0..=8), 0..6), style in a_style(), context in a_context(),
        errors in any::<u64>(), shown in any::<u64>(), since_ms in a_time(), until_ms in a_time(),
    ) {
        let accounts = context.accounts();
        let storm = QuietAgain { log_groups: &names, accounts, errors, shown, since_ms, until_ms, id: "7f3a9c" };
        let rendered = render_quiet_again(&storm, &style);
        assert_within_limits(&rendered.message);
        assert_within_limits(rendered.plain());
        assert_blocks_dead(&rendered.message, &style);
        assert_text_dead(rendered.plain(), &style);
    }
}
