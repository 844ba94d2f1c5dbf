//! Alarms and lines together: one parent an incident and one loud message a change, in whatever order they arrive.

use super::*;
use crate::rate_limit::Bucket;
use crate::slack::post::Unconfirmed;

const GONE: PostError = PostError::MessageGone { word: None };
const LOST: PostError = PostError::Unconfirmed(Unconfirmed::Unreadable);
const REFUSED: PostError = PostError::Refused { word: None };

/// Each log group has alarms of its own, whose names begin as its own does.
fn style() -> MessageStyle {
    let map = r#"{"x *":["/aws/x"],"y *":["/aws/y"],"xy *":["/aws/x","/aws/y"]}"#;
    let style = Style { alarm_log_groups: map.parse().unwrap(), ..Style::default() };
    style.into()
}

/// A function for the lines and one for the alarms, over one table.
fn two(slack: &Channel) -> (Container<Memory>, Container<Memory>) {
    let store = Memory::default();
    let lines = Container::with_style(store.clone(), slack, style());
    (lines, Container::with_style(store, slack, style()))
}

/// A change of an alarm, or of a contributor of it, so many seconds after the beginning.
fn change(name: &str, contributor: Option<&str>, state: &str, seconds: u64) -> String {
    let event = alarm(state, if state == "OK" { "ALARM" } else { "OK" }, seconds);
    let mut event: Value = serde_json::from_str(&event).unwrap();
    event["resources"] = json!([format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")]);
    event["detail"]["alarmName"] = json!(name);
    // The change before it says since when.
    event["detail"]["previousState"].as_object_mut().unwrap().remove("timestamp");
    if let Some(route) = contributor {
        event["detail-type"] = json!("CloudWatch Alarm Contributor State Change");
        event["detail"]["alarmContributor"] = json!({"id": route, "attributes": {"Resource": route}});
        event["detail"].as_object_mut().unwrap().remove("previousState");
    }
    event.to_string()
}

fn lines_of(log_group: &str, first: u64, statuses: &[u16]) -> String {
    json!({ "awslogs": { "data": gzip(&message(log_group, first, statuses)) } }).to_string()
}

#[tokio::test(start_paused = true)]
async fn an_alarm_stands_in_the_thread_of_its_incident_and_in_the_channel() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    lines.at(0, &logs(0, &[502])).await.answer.unwrap();
    lines.at(20, &logs(10, &[504])).await.answer.unwrap();
    slack.seen();
    alarms.at(70, &change("x 5xx", None, "ALARM", 70)).await.answer.unwrap();
    let seen = slack.seen();
    let [parent, notice] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(parent.starts_with("update 1.0: 502"), "{seen:?}");
    assert!(notice.starts_with("reply to 1.0 and channel: ALARM · x 5xx"), "{seen:?}");
    // The end follows from the recovery: the channel hears of it once.
    alarms.at(400, &change("x 5xx", None, "OK", 400)).await.answer.unwrap();
    let seen = slack.seen();
    let [over, parent, recovery] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(over.starts_with("reply to 1.0 and channel: Over · 2 errors"), "{over}");
    assert!(parent.starts_with("update 1.0: Over after"), "{parent}");
    assert!(recovery.starts_with("reply to 1.0: OK again · x 5xx"), "{recovery}");
    // A while later it opens a thread of its own.
    alarms.at(1_700, &change("x 5xx", None, "ALARM", 1_700)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent ") && seen[0].contains(": ALARM · x 5xx"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_opens_a_thread_which_becomes_that_of_the_lines() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    let ledger = alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.ledger;
    assert_eq!((ledger.alarms, ledger.posted), (1, 2));
    assert_eq!(
        slack.seen(),
        ["parent 1.0: ALARM · x 5xx · “r”", "reply to 1.0: ALARM · x 5xx · “r”"],
        "the parent wakes, the notice with all else stands under it"
    );
    let parent = slack.bodies.borrow()[0].clone();
    assert!(parent.contains(r#"alarm \"x 5xx\" in ALARM since 05:30 UTC"#), "{parent}");
    assert!(parent.contains(r#""color":"danger""#), "{parent}");
    lines.at(15, &logs(0, &[502, 502])).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("reply to 1.0: 2 errors · all 502 GET /v1/items"), "{seen:?}");
    assert_eq!(seen[1], "update 1.0: 502 GET /v1/items · 2 errors · /aws/x");
    assert_eq!(seen.len(), 2);
    let parent = slack.bodies.borrow().last().unwrap().clone();
    assert!(parent.contains(r#"alarm \"x 5xx\" in ALARM since 05:30 UTC"#), "{parent}");
    // Quiet lines are not the end while it is in ALARM.
    lines.at(600, &tick()).await.answer.unwrap();
    assert_eq!(slack.seen(), [""; 0]);
    alarms.at(660, &change("x 5xx", None, "OK", 660)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("update 1.0: Over after") && seen[0].contains(" · 2 errors · "), "{seen:?}");
    assert!(seen[1].starts_with("reply to 1.0 and channel: OK again · x 5xx · after 11 min"), "{seen:?}");
    let bodies = slack.bodies.borrow();
    let parent = &bodies[bodies.len() - 2];
    assert!(parent.contains(r#""color":"good""#) && !parent.contains("in ALARM"), "{parent}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_of_another_account_with_the_same_name_ends_nothing() {
    let slack = Channel::with_threads();
    let (_, mut alarms) = two(&slack);
    let of_another =
        |state, seconds| change("x 5xx", None, state, seconds).replace("123456789012", "999999999999");
    let ended = |seen: &[String]| seen.iter().any(|message| message.starts_with("update 1.0: Over after"));
    alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    alarms.at(60, &of_another("ALARM", 60)).await.answer.unwrap();
    alarms.at(120, &of_another("OK", 120)).await.answer.unwrap();
    alarms.at(180, &tick()).await.answer.unwrap();
    let seen = slack.seen();
    assert!(!ended(&seen), "{seen:?}");
    alarms.at(240, &change("x 5xx", None, "OK", 240)).await.answer.unwrap();
    alarms.at(300, &tick()).await.answer.unwrap();
    let seen = slack.seen();
    assert!(ended(&seen), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_recovery_is_shown_in_the_channel_although_the_end_is_not() {
    let (store, slack) = (Memory::default(), Channel::with_threads());
    let mut style = style();
    style.sender.end_in_thread = true;
    let mut lines = Container::with_style(store.clone(), &slack, style.clone());
    let mut alarms = Container::with_style(store, &slack, style);
    lines.at(0, &logs(0, &[502])).await.answer.unwrap();
    lines.at(20, &logs(10, &[504])).await.answer.unwrap();
    alarms.at(70, &change("x 5xx", None, "ALARM", 70)).await.answer.unwrap();
    slack.seen();
    alarms.at(400, &change("x 5xx", None, "OK", 400)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("reply to 1.0: Over · 2 errors"), "{seen:?}");
    assert!(seen[2].starts_with("reply to 1.0 and channel: OK again"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn without_lines_the_thread_of_an_alarm_ends_with_it() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    alarms.at(5, &change("x by route", Some("/v1/orders"), "ALARM", 5)).await.answer.unwrap();
    alarms.at(65, &change("x 5xx", None, "OK", 65)).await.answer.unwrap();
    alarms.at(120, &change("x by route", Some("/v1/orders"), "OK", 120)).await.answer.unwrap();
    lines.at(180, &tick()).await.answer.unwrap();
    assert_eq!(
        slack.seen(),
        [
            "parent 1.0: ALARM · x 5xx · “r”",
            "reply to 1.0: ALARM · x 5xx · “r”",
            "reply to 1.0 and channel: ALARM · x by route · Resource /v1/orders · “r”",
            "update 1.0: ALARM · x by route (Resource /v1/orders)",
            "reply to 1.0 and channel: OK again · x 5xx · after 1 min 5 s",
            "update 1.0: Over after 2 min · x 5xx · “r”",
            "reply to 1.0 and channel: Contributor recovered · x by route · Resource /v1/orders · after 1 min 55 s",
        ]
    );
    assert!(slack.bodies.borrow()[5].contains(r#""color":"good""#));
}

#[tokio::test(start_paused = true)]
async fn the_mentions_of_lines_reach_people_although_an_alarm_opened_the_thread() {
    let rules = r#"{"rules":[{"name":"all","status":"400-599","action":"notify","mention":"<!here>"}]}"#;
    for (after, mentions, place) in [
        (5, true, "reply to 1.0 and channel: <!here> 502"),
        (5, false, "reply to 1.0: 502"),
        // The alarm's notice is old by then.
        (900, false, "reply to 1.0 and channel: 502"),
    ] {
        let (store, slack) = (Memory::default(), Channel::with_threads());
        let rules = if mentions { Rules::parse(rules).unwrap() } else { Rules::built_in() };
        let mut lines = Container::with(rules, store.clone(), &slack, style());
        let mut alarms = Container::with_style(store, &slack, style());
        alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
        slack.seen();
        lines.at(after, &logs(0, &[502])).await.answer.unwrap();
        let seen = slack.seen();
        assert!(seen[0].starts_with(place), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_slack_does_not_take_is_tried_again_with_the_alarm() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    let event = change("x 5xx", None, "ALARM", 0);
    slack.answers.borrow_mut().push(REFUSED);
    assert!(alarms.at(0, &event).await.answer.is_err());
    assert_eq!(slack.seen(), [""; 0]);
    // The parent, and not its reply.
    let down = PostError::Unavailable { status: 503, word: None };
    *slack.refuses_reply.borrow_mut() = Some(down);
    assert!(alarms.at(30, &event).await.answer.is_err());
    alarms.at(60, &event).await.answer.unwrap();
    lines.at(90, &tick()).await.answer.unwrap();
    assert_eq!(
        slack.seen(),
        ["parent 1.0: ALARM · x 5xx · “r”", "reply to 1.0: ALARM · x 5xx · “r”"],
        "one loud message of one change"
    );
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_known_whether_the_parent_of_an_alarm_stands_there_the_notice_does() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    slack.answers.borrow_mut().push(LOST);
    alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    lines.at(10, &logs(0, &[502])).await.answer.unwrap();
    alarms.at(60, &change("x 5xx", None, "OK", 60)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen.iter().all(|message| message.starts_with("channel: ")) && seen.len() == 3, "{seen:?}");
    assert!(seen[0].starts_with("channel: ALARM") && seen[2].starts_with("channel: OK again"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_whose_parent_is_gone_stands_in_the_channel() {
    let slack = Channel::with_threads();
    let bucket = Bucket::new(RATE.burst, RATE.spacing_ms);
    let notify = Notify::incidents(bucket, Policy::default());
    let reader = Reader::new(Rules::built_in());
    let mut container = Container(Handler::new(reader, style(), 1 << 20, notify, slack.clone()));
    container.at(0, &logs(0, &[502])).await.answer.unwrap();
    slack.seen();
    *slack.refuses_reply.borrow_mut() = Some(GONE);
    container.at(30, &change("x 5xx", None, "ALARM", 30)).await.answer.unwrap();
    assert!(slack.seen().last().unwrap().starts_with("channel: ALARM · x 5xx"));
    container.at(60, &change("x 5xx", None, "OK", 60)).await.answer.unwrap();
    assert!(slack.seen().last().unwrap().starts_with("reply to 1.0 and channel: OK again · x 5xx"));
}

/// Its container may be gone before the recovery comes, and the parent would stay red.
#[tokio::test(start_paused = true)]
async fn without_a_table_an_alarm_opens_no_thread_and_joins_that_of_its_container() {
    let slack = Channel::with_threads();
    let notify = Notify::incidents(Bucket::new(RATE.burst, RATE.spacing_ms), Policy::default());
    let reader = Reader::new(Rules::built_in());
    let mut container = Container(Handler::new(reader, style(), 1 << 20, notify, slack.clone()));
    container.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    container.at(10, &logs(0, &[502])).await.answer.unwrap();
    container.at(60, &change("x 5xx", None, "OK", 60)).await.answer.unwrap();
    let seen = slack.seen();
    let starts = [
        "channel: ALARM · x 5xx",
        "parent 2.0: 502 GET /v1/items",
        "reply to 2.0: 502 GET /v1/items",
        "update 2.0: 502 GET /v1/items · 1 error",
        "reply to 2.0 and channel: OK again",
    ];
    assert_eq!(seen.len(), starts.len(), "{seen:#?}");
    assert!(seen.iter().zip(starts).all(|(seen, start)| seen.starts_with(start)), "{seen:#?}");
}

/// Its recovery is lost, or the alarm was deleted.
#[tokio::test(start_paused = true)]
async fn the_parent_of_an_alarm_without_a_recovery_is_not_red_for_ever() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    slack.seen();
    lines.at(86_390, &tick()).await.answer.unwrap();
    assert_eq!(slack.seen(), [""; 0], "it is in ALARM");
    for seconds in [86_400, 86_460, 86_520] {
        lines.at(seconds, &tick()).await.answer.unwrap();
    }
    assert_eq!(slack.seen(), ["update 1.0: No recovery in a day · x 5xx · “r”"]);
    let parent = slack.bodies.borrow().last().unwrap().clone();
    assert!(parent.contains(r#""color":"warning""#) && !parent.contains("in ALARM"), "{parent}");
    // It comes after all.
    alarms.at(90_000, &change("x 5xx", None, "OK", 90_000)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("update 1.0: Over after 1 day 1 h"), "{seen:?}");
    assert!(seen[1].starts_with("reply to 1.0 and channel: OK again"), "{seen:?}");
    assert!(seen.len() == 2 && slack.bodies.borrow()[3].contains(r#""color":"good""#), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_too_old_to_count_is_not_named_in_the_parent_of_lines() {
    let slack = Channel::with_threads();
    let (mut lines, mut alarms) = two(&slack);
    alarms.at(0, &change("x 5xx", None, "ALARM", 0)).await.answer.unwrap();
    lines.at(86_300, &logs(0, &[502])).await.answer.unwrap();
    let parents = || {
        let (bodies, seen) =
            (slack.bodies.borrow().clone(), slack.threads.as_ref().unwrap().borrow().clone());
        let all = bodies.into_iter().zip(seen);
        all.filter(|(_, seen)| seen.starts_with("update")).map(|(body, _)| body).collect::<Vec<_>>()
    };
    let before = parents();
    assert!(before.last().unwrap().contains("in ALARM"), "{before:?}");
    lines.at(86_410, &tick()).await.answer.unwrap();
    let after = parents();
    assert!(after.len() > before.len() && !after.last().unwrap().contains("in ALARM"), "{after:?}");
}

const MENTIONS: &str =
    r#"{"rules":[{"name":"all","status":"400-599","action":"notify","mention":"<!here>"}]}"#;

/// Over at 320 s, in ALARM again at 400 s: what fails then stands in a thread that the channel knows as over.
#[tokio::test(start_paused = true)]
async fn new_lines_in_a_thread_that_an_alarm_took_up_again_wake_people() {
    for (after, mentions, status, place) in [
        (460, true, 409, "reply to 1.0 and channel: <!here> New in this incident: 409"),
        (460, false, 409, "reply to 1.0: New in this incident: 409"),
        (1_600, false, 409, "reply to 1.0 and channel: New in this incident: 409"),
        (1_600, true, 409, "reply to 1.0 and channel: <!here> New in this incident: 409"),
        (460, true, 502, "reply to 1.0 and channel: <!here> Now server errors: 502"),
    ] {
        let (store, slack) = (Memory::default(), Channel::with_threads());
        let rules = if mentions { Rules::parse(MENTIONS).unwrap() } else { Rules::built_in() };
        let mut lines = Container::with(rules, store.clone(), &slack, style());
        let mut alarms = Container::with_style(store, &slack, style());
        lines.at(0, &logs(0, &[404])).await.answer.unwrap();
        lines.at(20, &logs(10, &[403])).await.answer.unwrap();
        lines.at(330, &tick()).await.answer.unwrap();
        assert!(slack.seen().iter().any(|message| message.contains("channel: Over")));
        alarms.at(400, &change("x 5xx", None, "ALARM", 400)).await.answer.unwrap();
        assert!(slack.seen().last().unwrap().starts_with("reply to 1.0 and channel: ALARM"));
        lines.at(after, &logs(20, &[status])).await.answer.unwrap();
        lines.at(after + 30, &logs(30, &[410])).await.answer.unwrap();
        let replies = |message: &String| message.starts_with("reply");
        let seen: Vec<String> = slack.seen().into_iter().filter(replies).collect();
        assert!(seen[0].starts_with(place), "{after}: {seen:?}");
        assert!(seen[1].starts_with("reply to 1.0: New in this incident: 410"), "once: {seen:?}");
    }
}

/// Client errors are new after an hour, whatever an alarm does in between.
#[tokio::test(start_paused = true)]
async fn what_was_told_is_not_new_because_an_alarm_came_first() {
    for (after, status, place) in [
        (1_760, 404, "reply to 4.0: 404"),
        (1_760, 409, "reply to 4.0 and channel: <!here> 409"),
        (3_800, 404, "reply to 4.0 and channel: <!here> 404"),
    ] {
        let (store, slack) = (Memory::default(), Channel::with_threads());
        let mut lines = Container::with(Rules::parse(MENTIONS).unwrap(), store.clone(), &slack, style());
        let mut alarms = Container::with_style(store, &slack, style());
        lines.at(0, &logs(0, &[404])).await.answer.unwrap();
        lines.at(330, &tick()).await.answer.unwrap();
        alarms.at(1_700, &change("x 5xx", None, "ALARM", 1_700)).await.answer.unwrap();
        assert!(slack.seen().iter().any(|message| message.starts_with("parent 4.0: ALARM")));
        lines.at(after, &logs(20, &[status])).await.answer.unwrap();
        let seen = slack.seen();
        assert!(seen[0].starts_with(place), "{after}: {seen:?}");
    }
}

/// An alarm over several log groups, one of which has failed until just now.
#[tokio::test(start_paused = true)]
async fn an_alarm_of_several_log_groups_stands_with_the_one_that_fails_and_not_in_a_thread_that_is_over() {
    for y_fails in [true, false] {
        let slack = Channel::with_threads();
        let (mut lines, mut alarms) = two(&slack);
        lines.at(0, &lines_of("/aws/x", 0, &[502])).await.answer.unwrap();
        lines.at(20, &lines_of("/aws/x", 10, &[504])).await.answer.unwrap();
        lines.at(330, &tick()).await.answer.unwrap();
        assert!(slack.seen().iter().any(|message| message.starts_with("reply to 1.0 and channel: Over")));
        if y_fails {
            lines.at(390, &lines_of("/aws/y", 100, &[502])).await.answer.unwrap();
        }
        let in_between = slack.seen();
        alarms.at(400, &change("xy any", None, "ALARM", 400)).await.answer.unwrap();
        let notices: Vec<String> =
            slack.seen().into_iter().filter(|message| message.contains(": ALARM")).collect();
        if y_fails {
            let parent = in_between[0].split(':').next().unwrap().replace("parent", "reply to");
            assert!(notices[0].starts_with(&format!("{parent} and channel: ALARM")), "{notices:?}");
        } else {
            assert!(notices[0].starts_with("parent "), "{notices:?}");
            let parent = notices[0].split(':').next().unwrap().replace("parent", "reply to");
            assert!(notices[1].starts_with(&format!("{parent}: ALARM")), "{notices:?}");
            // It is that of the other log group, which has none.
            lines.at(410, &lines_of("/aws/y", 100, &[502])).await.answer.unwrap();
            assert!(slack.seen()[0].starts_with(&format!("{parent}: 502")));
        }
        // What it says then stands where its notice does.
        let place = notices.last().unwrap().split([':']).next().unwrap().replace(" and channel", "");
        alarms.at(900, &change("xy any", None, "OK", 900)).await.answer.unwrap();
        let seen = slack.seen();
        let recovery = seen.iter().find(|message| message.contains(": OK again")).unwrap();
        assert!(recovery.starts_with(&place), "{place}: {seen:?}");
    }
}

/// An alarm over as many log groups as one can have, the last of which fails.
#[tokio::test(start_paused = true)]
async fn an_alarm_of_fifty_log_groups_finds_the_one_that_fails() {
    let (store, slack) = (Memory::default(), Channel::with_threads());
    let names: Vec<String> = (0..50).map(|number| format!("/l/{number}")).collect();
    let style =
        || MessageStyle::from(Style { log_groups: names.join(",").parse().unwrap(), ..Style::default() });
    let mut lines = Container::with_style(store.clone(), &slack, style());
    let mut alarms = Container::with_style(store, &slack, style());
    for (first, status) in [(0, 502), (10, 503)] {
        lines.at(first, &lines_of("/l/49", first, &[status])).await.answer.unwrap();
    }
    slack.seen();
    alarms.at(30, &change("all", None, "ALARM", 30)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(
        seen.iter().any(|message| message.starts_with("reply to 1.0 and channel: ALARM · all")),
        "{seen:?}"
    );
    assert!(!seen.iter().any(|message| message.starts_with("parent ")), "{seen:?}");
    // It is not over while that is in ALARM.
    lines.at(600, &tick()).await.answer.unwrap();
    assert!(!slack.seen().iter().any(|message| message.contains("Over")));
    alarms.at(700, &change("all", None, "OK", 700)).await.answer.unwrap();
    assert!(slack.seen().iter().any(|message| message.starts_with("reply to 1.0 and channel: Over")));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_s_alarm_name_is_harmless_in_the_parent() {
    let slack = Channel::with_threads();
    let (_, mut alarms) = two(&slack);
    let name = "x <!channel> *bold* <https://evil.example|click>";
    alarms.at(0, &change(name, None, "ALARM", 0)).await.answer.unwrap();
    let mut rows = 0;
    for body in slack.bodies.borrow().iter() {
        let body: Value = serde_json::from_str(body).unwrap();
        for heading in [&body["text"], &body["attachments"][0]["fallback"]] {
            let heading = heading.as_str().unwrap();
            assert!(!heading.contains('<') && heading.contains("&lt;"), "{heading}");
        }
        let mut objects = vec![&body];
        while let Some(value) = objects.pop() {
            let text = value["text"].as_str().unwrap_or_default();
            match value["type"].as_str() {
                // What Slack reads as text has no marks; the console's links have the name as a part of an address.
                Some("text") => {
                    rows += u64::from(
                        text.replace('\u{200b}', "") == format!("alarm \"{name}\" in ALARM since 05:30 UTC"),
                    );
                }
                Some("mrkdwn") => {
                    let is_live =
                        ["<!", "<https://evil.example", " *bold*"].iter().any(|mark| text.contains(mark));
                    assert!(!is_live, "{text}");
                }
                Some("link") => assert!(!value["url"].as_str().unwrap().contains("evil.example|"), "{value}"),
                kind => assert!(!matches!(kind, Some("broadcast" | "user" | "usergroup")), "{value}"),
            }
            match value {
                Value::Array(all) => objects.extend(all),
                Value::Object(all) => objects.extend(all.values()),
                _ => {}
            }
        }
    }
    assert_eq!(rows, 1, "the parent has a row for it");
}

/// Whoever comes first posts the parent, and the other finds it.
#[tokio::test(start_paused = true)]
async fn an_alarm_and_lines_of_one_moment_share_a_parent() {
    for (alarm_after_ms, lines_after_ms) in
        [(0, 0), (0, 100), (0, 310), (0, 650), (100, 0), (310, 0), (650, 0), (950, 0)]
    {
        let slack = Channel { takes: Duration::from_millis(300), ..Channel::with_threads() };
        let (mut lines, mut alarms) = two(&slack);
        let (event, batch) = (change("x 5xx", None, "ALARM", 0), logs(0, &[502]));
        let later = |ms| tokio::time::sleep(Duration::from_millis(ms));
        let alarm = async {
            later(alarm_after_ms).await;
            alarms.at(0, &event).await.answer.unwrap();
        };
        let batch = async {
            later(lines_after_ms).await;
            lines.at(0, &batch).await.answer.unwrap();
        };
        tokio::join!(alarm, batch);
        lines.at(60, &tick()).await.answer.unwrap();
        let seen = slack.seen();
        let context = format!("alarm after {alarm_after_ms} ms, lines after {lines_after_ms} ms: {seen:#?}");
        let ts = seen[0].strip_prefix("parent ").and_then(|parent| parent.split(':').next()).expect(&context);
        assert!(
            seen[1..].iter().all(|message| message.contains(ts) && !message.starts_with("parent")),
            "{context}"
        );
        let replies = |begin: &str| {
            seen.iter().filter(|message| message.starts_with("reply") && message.contains(begin)).count()
        };
        assert_eq!((replies(": ALARM"), replies(": 502 GET")), (1, 1), "{context}");
        let loud = |message: &&String| message.starts_with("parent") || message.contains(" and channel: ");
        assert!(seen.iter().filter(loud).count() <= 2, "{context}");
    }
}

/// What happens to an API, in its own order; orders of different kinds are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Lines(u16),
    Change { name: &'static str, contributor: Option<&'static str>, state: &'static str },
}

/// All merges of sequences that keep the order of each.
fn merges(sequences: &[&[Step]]) -> Vec<Vec<Step>> {
    if sequences.iter().all(|sequence| sequence.is_empty()) {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, sequence) in sequences.iter().enumerate() {
        let Some((first, rest)) = sequence.split_first() else { continue };
        let mut others = sequences.to_vec();
        others[index] = rest;
        for mut merge in merges(&others) {
            merge.insert(0, *first);
            all.push(merge);
        }
    }
    all
}

const ALARM: Step = Step::Change { name: "x 5xx", contributor: None, state: "ALARM" };
const OK: Step = Step::Change { name: "x 5xx", contributor: None, state: "OK" };
const ONE: Step = Step::Change { name: "x routes", contributor: Some("/v1/a"), state: "ALARM" };
const ONE_OK: Step = Step::Change { name: "x routes", contributor: Some("/v1/a"), state: "OK" };
const TWO: Step = Step::Change { name: "x routes", contributor: Some("/v1/b"), state: "ALARM" };
const TWO_OK: Step = Step::Change { name: "x routes", contributor: Some("/v1/b"), state: "OK" };

/// Lines before the alarm, the alarm before the lines, OK before the last lines, contributors among them: all orders.
#[tokio::test(start_paused = true)]
async fn in_every_order_there_is_one_parent_a_complete_thread_and_an_exact_sum() {
    let lines = [Step::Lines(502), Step::Lines(404), Step::Lines(502)];
    let mut orders = merges(&[&lines, &[ALARM, OK], &[ONE, ONE_OK]]);
    orders.extend(merges(&[&lines[..2], &[ONE, ONE_OK], &[TWO, TWO_OK]]));
    assert_eq!(orders.len(), 210 + 90);
    // Server errors mention somebody.
    for (order, gap) in orders.iter().zip([1, 25, 140].into_iter().cycle()) {
        check(order, gap).await;
    }
}

async fn check(order: &[Step], gap: u64) {
    let (store, slack) = (Memory::default(), Channel::with_threads());
    let rules = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>"}]}"#;
    let mut lines = Container::with(Rules::parse(rules).unwrap(), store.clone(), &slack, style());
    let mut alarms = Container::with_style(store, &slack, style());
    let (mut seconds, mut sum) = (0, 0);
    for (step, number) in order.iter().zip(0..) {
        let before = slack.threads.as_ref().unwrap().borrow().len();
        match *step {
            Step::Lines(status) => {
                let ledger = lines.at(seconds, &logs(number * 10, &[status, status])).await.ledger;
                assert!(ledger.balances(ledger.released), "{order:?}");
                sum += 2;
            }
            Step::Change { name, contributor, state } => {
                let event = change(name, contributor, state, seconds);
                alarms.at(seconds, &event).await.answer.unwrap();
                // CloudWatch notifies by several ways.
                alarms.at(seconds, &event).await.answer.unwrap();
            }
        }
        let is_loud =
            |message: &&String| message.contains(" and channel: ") || message.starts_with("parent ");
        let new = slack.threads.as_ref().unwrap().borrow()[before..].to_vec();
        let loud: Vec<_> = new.iter().filter(is_loud).collect();
        if let Step::Change { .. } = step {
            assert_eq!(loud.len(), 1, "one loud message a change: {loud:#?} of {order:?}, {gap} s apart");
        }
        for message in new.iter().filter(|message| message.contains("<!here>")) {
            assert!(
                loud.contains(&message),
                "a mention that nobody sees: {message} of {order:?}, {gap} s apart"
            );
        }
        for minute in 1..=gap / 60 {
            lines.at(seconds + minute * 60, &tick()).await.answer.unwrap();
        }
        seconds += gap;
    }
    // What came back is over only when its groups would be new again.
    for _ in 0..20 {
        seconds += 60;
        lines.at(seconds, &tick()).await.answer.unwrap();
    }
    let seen = slack.seen();
    let context = || format!("{order:?}, {gap} s apart: {seen:#?}");
    let of_place = |message: &str, place: &str| {
        let rest = message.strip_prefix(place)?;
        rest.split([':', ' ']).next().map(str::to_owned)
    };
    let parents: Vec<String> = seen.iter().filter_map(|message| of_place(message, "parent ")).collect();
    // Every incident with server errors woke people for them, once.
    let mentions = seen.iter().filter(|message| message.contains("<!here>")).count();
    assert!(mentions == 1 || gap > 100 && (1..=parents.len()).contains(&mentions), "{}", context());
    // With pauses as long as that, an incident may be over before the next one.
    assert!(parents.len() == 1 || gap > 100, "{}", context());
    for message in &seen {
        let place = ["parent ", "reply to ", "update "].iter().find_map(|place| of_place(message, place));
        assert!(place.is_some_and(|place| parents.contains(&place)), "{message}: {}", context());
    }
    for (begin, changes) in [("ALARM · ", "ALARM"), ("OK again", "OK"), ("Contributor recovered", "OK")] {
        let is_of = |step: &&Step| match **step {
            Step::Change { contributor, state, .. } => {
                state == changes && (state == "ALARM" || contributor.is_some() == begin.starts_with('C'))
            }
            Step::Lines(_) => false,
        };
        let replies = seen.iter().filter(|message| message.starts_with("reply ") && message.contains(begin));
        assert_eq!(replies.count(), order.iter().filter(is_of).count(), "{begin}: {}", context());
    }
    let mut in_parents = 0;
    for parent in &parents {
        let is_its = |message: &String| {
            ["parent ", "update "].iter().any(|place| of_place(message, place).as_ref() == Some(parent))
        };
        let last = seen.iter().rposition(is_its).unwrap();
        assert!(seen[last].contains("Over after"), "{parent}: {}", context());
        assert!(slack.bodies.borrow()[last].contains(r#""color":"good""#), "{parent}: {}", context());
        let errors = seen[last].split(" · ").find_map(|part| part.strip_suffix(" errors"));
        in_parents += errors.map_or(0, |errors| errors.parse::<u64>().unwrap());
    }
    assert_eq!(in_parents, sum, "{}", context());
    let notified: u64 =
        seen.iter().filter(|message| message.starts_with("reply")).map(|message| lines_told(message)).sum();
    assert_eq!(notified, sum, "{}", context());
}

/// The lines that a reply tells first.
fn lines_told(message: &str) -> u64 {
    let (_, heading) = message.split_once(": ").unwrap();
    let is_of_alarm = ["ALARM", "OK again", "Contributor"].iter().any(|begin| heading.starts_with(begin));
    if is_of_alarm { 0 } else { announced(heading.trim_start_matches("<!here> ")) }
}

/// Two APIs in one channel, each with an alarm, and one alarm over both, in ninety orders.
#[tokio::test(start_paused = true)]
async fn two_incidents_in_one_channel_have_a_parent_each() {
    // Every eighth of the 720 orders of six events.
    let orders: Vec<Vec<usize>> = (0..720).step_by(8).map(|order| permutation(order, 6)).collect();
    let distinct: std::collections::BTreeSet<_> = orders.iter().collect();
    assert_eq!(distinct.len(), 90);
    for order in orders {
        let slack = Channel::with_threads();
        let (mut lines, mut alarms) = two(&slack);
        let mut seconds = 0;
        for event in order.iter().copied() {
            let alarm = |name| change(name, None, "ALARM", seconds);
            match event {
                0 => lines.at(seconds, &lines_of("/aws/x", 0, &[502])).await,
                1 => lines.at(seconds, &lines_of("/aws/y", 100, &[504])).await,
                2 => alarms.at(seconds, &alarm("x 5xx")).await,
                3 => alarms.at(seconds, &alarm("y 5xx")).await,
                4 => lines.at(seconds, &lines_of("/aws/y", 200, &[504, 404])).await,
                _ => alarms.at(seconds, &alarm("xy any")).await,
            }
            .answer
            .unwrap();
            seconds += 20;
        }
        for name in ["xy any", "y 5xx", "x 5xx"] {
            alarms.at(seconds, &change(name, None, "OK", seconds)).await.answer.unwrap();
            seconds += 20;
        }
        for _ in 0..12 {
            seconds += 60;
            lines.at(seconds, &tick()).await.answer.unwrap();
        }
        let seen = slack.seen();
        let parents = seen.iter().filter(|message| message.starts_with("parent ")).count();
        assert_eq!(parents, 2, "{order:?}: {seen:#?}");
        assert!(!seen.iter().any(|message| message.starts_with("channel")), "{order:?}: {seen:#?}");
        for (log_group, errors) in [("/aws/x", "1 error"), ("/aws/y", "3 errors")] {
            let of = |message: &&String| message.starts_with("update") && message.ends_with(log_group);
            let last = seen.iter().rfind(of).unwrap();
            assert!(last.contains("Over after") && last.contains(errors), "{order:?}: {last} {seen:#?}");
        }
    }
}

/// With a webhook, which has no thread to look into.
#[tokio::test(start_paused = true)]
async fn under_a_notice_stand_the_groups_and_the_lines_of_its_minutes_that_the_table_has() {
    let slack = Channel::default();
    let (mut lines, mut alarms) = two(&slack);
    lines.at(0, &logs(0, &[502, 404])).await.answer.unwrap();
    lines.at(20, &logs(10, &[502; 8])).await.answer.unwrap();
    let before = lines.at(21, &logs(20, &[404])).await.ledger;
    assert_eq!(before.pending, 1, "nobody has shown them yet");
    let ledger = alarms.at(70, &change("x 5xx", None, "ALARM", 70)).await.ledger;
    let notices: Vec<String> =
        slack.bodies.borrow().iter().filter(|body| body.contains("ALARM")).cloned().collect();
    let [body] = notices.as_slice() else { panic!("{notices:#?}") };
    assert!(body.contains("11 errors in this incident since 05:30 UTC"), "{body}");
    assert!(body.contains(" ×9") && body.contains(" ×2"), "{body}");
    let shown = body.matches(r#"{\"routeKey\""#).count();
    assert!((1..=5).contains(&shown), "{shown} lines: {body}");
    assert_eq!((ledger.alarms, ledger.store_errors), (1, 0));
    // Lines of another day are none of it, and a recovery shows none.
    alarms.at(900, &change("x 5xx", None, "OK", 900)).await.answer.unwrap();
    alarms.at(1_500, &change("x 5xx", None, "ALARM", 1_500)).await.answer.unwrap();
    let bodies = slack.bodies.borrow();
    let later: Vec<_> = bodies.iter().filter(|body| body.contains("x 5xx")).skip(1).collect();
    assert!(later.len() == 2 && later.iter().all(|body| !body.contains("in this incident")), "{later:#?}");
}

/// The order of this number, from 0, of so many events.
fn permutation(mut number: usize, events: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..events).collect();
    let places = (1..=events).rev();
    let mut order = Vec::new();
    for choices in places {
        order.push(left.remove(number % choices));
        number /= choices;
    }
    order
}
