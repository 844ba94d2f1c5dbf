//! One snapshot a case: what the engineer reads, and the body that it is drawn from.

use super::*;

pub(super) fn few() -> Section {
    section(vec![
        group(
            502,
            "POST /v1/orders",
            Fault::Integration(None),
            &[
                (0, &line("c6af9ac6-7b61", "POST", "/v1/orders", 502)),
                (7, &line("9d01c3e2-11aa", "POST", "/v1/orders", 502)),
            ],
        ),
        group(
            403,
            "GET /v1/items",
            Fault::Client(Some("missing token")),
            &[(5, &line("77b2d1c0-90ff", "GET", "/v1/items", 403))],
        ),
    ])
}

/// The same where it is known what they are a part of, whose they are, and how many clients got them.
pub(super) fn known() -> Section {
    let mut context = Context::default();
    context.note_account("123456789012");
    context.note_stage("prod");
    for address in ["203.0.113.7", "203.0.113.9", "203.0.113.7"] {
        context.note_client(|| Some(address));
    }
    Section { context, requests: Some(170), ..few() }
}

/// Many lines of few kinds, with five samples of each.
pub(super) fn flood() -> Section {
    let kinds = [
        (502, "POST /v1/orders", Fault::Integration(None), 3_100),
        (504, "GET /v1/search", Fault::Integration(Some("timeout")), 1_197),
        (500, "GET /v1/items/{id}", Fault::Authorizer(Some("failure")), 3),
        (429, "GET /v1/items", Fault::Throttle(None), 9),
        (403, "GET /.env", Fault::Client(Some("missing token")), 1),
        (403, "GET /wp-login.php", Fault::Waf, 1),
        (404, "GET /favicon.ico", Fault::Unknown, 1),
    ];
    let groups = kinds.map(|(status, route, fault, count)| {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let lines: Vec<(i64, String)> = (0..count.min(20))
            .map(|i| (i % 8, line(&format!("{status}{i:04}"), method, path, status)))
            .collect();
        let lines: Vec<(i64, &str)> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
        Group {
            count: count.unsigned_abs(),
            first_ms: AT,
            last_ms: AT + 7_000,
            ..group(status, route, fault, &lines)
        }
    });
    section(groups.into())
}

macro_rules! assert_reads {
    ($rendered:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(report(&$rendered))
        })
    };
}

#[test]
fn a_few_errors() {
    assert_reads!(render(&digest(vec![few()]), &style(), &situation()));
}

#[test]
fn one_error_is_told_by_the_heading() {
    let raw = line("c6af9ac6-7b61", "POST", "/v1/orders", 502);
    let one = group(502, "POST /v1/orders", Fault::Integration(Some("timeout")), &[(0, &raw)]);
    assert_reads!(render(&digest(vec![section(vec![one])]), &style(), &situation()));
}

#[test]
fn what_helps_to_judge_is_said_where_it_is_known() {
    assert_reads!(render(&digest(vec![known()]), &style(), &situation()));
}

#[test]
fn one_error_says_its_share_and_no_number_of_clients() {
    let Section { context, requests, groups, .. } = known();
    let one = section(groups.into_iter().filter(|group| group.count == 1).collect());
    let message = render(&digest(vec![Section { context, requests, ..one }]), &style(), &situation()).message;
    assert!(message.text.contains(" · 1 of 170 requests received · /aws/"), "{}", message.text);
    let footer = message.json();
    assert!(footer.contains("stage prod · account 123456789012 · ap-northeast-1"), "{footer}");
    assert!(!footer.contains("1 client"), "{footer}");
}

#[test]
fn several_log_groups_name_their_accounts_once_and_no_share() {
    let other = Section { log_group: "/aws/apigateway/pets".to_owned(), ..known() };
    let message = render(&digest(vec![known(), other]), &style(), &situation()).message;
    assert!(!message.text.contains("received"), "{}", message.text);
    let json = message.json();
    assert_eq!(json.matches("account 123456789012 · ap-northeast-1 · 7f3a9c").count(), 1, "{json}");
    assert_eq!((json.matches("stage prod").count(), json.matches("2 clients").count()), (2, 2), "{json}");
}

#[test]
fn one_error_salvaged_from_broken_json() {
    let raw = r#"{"requestId":"c6af","status":"504","error_messageString": " "Endpoint request timed out"","latency":-}"#;
    let one = Group { salvaged: 1, ..group(504, "", Fault::Unknown, &[(0, raw)]) };
    assert_reads!(render(&digest(vec![section(vec![one])]), &style(), &situation()));
}

#[test]
fn identical_lines_are_one_group_with_a_count() {
    let raw = line("c6af9ac6-7b61", "POST", "/v1/orders", 502);
    let group = group(502, "POST /v1/orders", Fault::Integration(None), &[(3, raw.as_str()); 20]);
    assert_reads!(render(&digest(vec![section(vec![group])]), &style(), &situation()));
}

#[test]
fn more_than_fits_is_counted_by_group_and_the_rarest_group_is_served_first() {
    let more: Vec<Group> =
        (0..9).map(|i| group(404, &format!("GET /scan/{i}"), Fault::Unknown, &[(i, "GET 404")])).collect();
    let groups = flood().groups.into_iter().chain(more).collect();
    let flood = Section { other: Other { count: 40 }, client_errors: 60, ..section(groups) };
    assert_reads!(render(&digest(vec![flood]), &style(), &situation()));
}

#[test]
fn several_log_groups_have_a_bar_each_and_one_heading() {
    let other = section(vec![group(
        404,
        "GET /pets/{id}",
        Fault::Unknown,
        &[(2, "203.0.113.9 - - [18/Nov/2020:05:28:58 +0000] \"GET /pets/7 HTTP/1.1\" 404 23 abc")],
    )]);
    let other =
        Section { log_group: "/aws/apigateway/pets".to_owned(), log_stream: None, unreadable: 2, ..other };
    assert_reads!(render(&digest(vec![few(), other]), &style(), &situation()));
}

#[test]
fn a_storm_says_since_when_how_many_and_what_is_new() {
    let mut flood = flood();
    for new in [1, 5] {
        flood.groups[new].is_new = true;
    }
    let storm = Storm { since_ms: AT - 25_000, last_message_ms: AT - 8_000, spacing_seconds: 5 };
    assert_reads!(render(&digest(vec![flood]), &style(), &Situation { storm: Some(storm), ..situation() }));
}

#[test]
fn quiet_again_is_the_closing_count() {
    let context = known().context;
    let storm = QuietAgain {
        log_groups: &[LOG_GROUP.to_owned()],
        accounts: context.accounts(),
        errors: 50_112,
        shown: 212,
        since_ms: AT,
        until_ms: AT + 200_000,
        id: "7f3a9c",
    };
    assert_reads!(render_quiet_again(&storm, &style()));
}

#[test]
fn old_news_is_marked_with_its_age() {
    assert_reads!(render(&digest(vec![few()]), &style(), &Situation { now_ms: AT + 750_000, ..situation() }));
}

#[test]
fn what_the_batch_holds_besides_is_said() {
    let mut few = few();
    few.counted_by_rule = vec![("scanner noise".to_owned(), 12), ("health".to_owned(), 4_000)];
    few.unreadable = 1;
    few.groups[0].salvaged = 1;
    let mut samples = few.groups[0].samples.to_vec();
    samples[1].text = SampleText::Withheld;
    few.groups[0].samples = samples.into();
    assert_reads!(render(&digest(vec![few]), &style(), &situation()));
}

#[test]
fn the_operators_words_name_colour_and_mentions() {
    let mut few = few();
    few.mentions = vec!["<!here>".to_owned(), "<@U012AB3CD>".to_owned(), "<!here>".to_owned()];
    let style = Style {
        lead_in: Some("APIでエラーが発生しました :rotating_light: *本番*".to_owned()),
        color: Some("#4a154b".to_owned()),
        max_lines: 1,
        ..Style::default()
    };
    let sender = Sender {
        channel: Some("#api-alerts".to_owned()),
        username: Some("statuswatch".to_owned()),
        icon_emoji: Some(":warning:".to_owned()),
        end_in_thread: false,
    };
    let (digest, situation) = (digest(vec![few]), situation());
    assert_reads!(crate::slack::render::render(
        |detail| of_digest(&digest, &style, &situation, detail),
        &sender
    ));
}

#[test]
fn a_strangers_text_is_shown_and_does_nothing() {
    let route = "GET /<!channel>/*bold*/:boom:/`code`/@here/#general/www.evil.example\u{202e}\n```";
    let raw = "{\"status\":\"500\",\"ua\":\"<https://evil.example|click> <@U1> :boom: ```\\n*x*\"}\nforged: 200 ok\u{202e}";
    let one = group(500, route, Fault::Gateway, &[(0, raw)]);
    let section = Section {
        log_group: "/a/<!here>_*x*_".to_owned(),
        log_stream: Some("<|>&".to_owned()),
        ..section(vec![one])
    };
    assert_reads!(render(&digest(vec![section]), &style(), &situation()));
}
